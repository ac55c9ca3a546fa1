// The misbehaviour that can be switched on, in words; each is a rule, or a manner of the webhooks.

export const RULES = [
  ["When the shop sends", [
    ["The platform takes it and never answers", { do: "accept_and_close" }],
    ["It takes it, and answers after 15 seconds", { do: "accept_late", seconds: 15 }],
    ["It takes it, and says that it failed", { do: "accept_and_500" }],
    ["It is down and takes nothing", { do: "fail" }],
    ["It closes every second connection", { do: "close", probability: 0.5 }],
    ["Too many requests: wait 5 seconds", { do: "throttle", seconds: 5 }],
    ["It does not know the shop’s token any more", { do: "refuse", code: "190" }],
  ]],
  ["Ticks", [
    ["They come before the send is answered", { do: "statuses_early" }],
    ["They come 10 seconds late", { do: "statuses_late", seconds: 10 }],
    ["They come in the wrong order", { do: "statuses_reversed" }],
    ["Each comes twice", { do: "statuses_twice" }],
    ["They never come", { do: "statuses_never" }],
    ["Nothing can be delivered", { do: "statuses_failed", code: "131026" }],
  ]],
];

export const MANNERS = ["What customers write", [
  ["Everything arrives twice", { copies: 2 }],
  ["It arrives 5 seconds late", { delay_seconds: 5 }],
  ["It is gathered for 3 seconds and mixed up", { gather_seconds: 3, shuffle: true }],
  ["The platform holds it back", { withhold: true }],
]];
