// Every word that the page says, in one place, so that it can be said in another language.

export const strings = {
  lang: "en",
  title: "Chat with us",
  answeredByAssistant: "Automatic answers, at any hour",
  answeredByPerson: "Our team is answering",

  greeting: "Hello! What would you like to know?",
  introduction: "Ask about orders, shipping or returns. You can write in your own language.",
  suggestionsLabel: "Questions to begin with",
  suggestions: [
    "How long do I have to return shoes?",
    "How much is shipping, and how long does it take?",
    "When can I reach your support team?",
  ],
  automatic: "Answers are written automatically from the shop’s policies.",
  expired: "Your earlier conversation has ended. This is a new one.",
  loading: "Loading your conversation…",

  conversation: "Conversation",
  messages: "Messages",
  you: "You",
  assistant: "Assistant",
  human: "Our team",
  typing: { assistant: "Writing an answer…", human: "Our team is writing…" },
  sources: (count) => (count === 1 ? "Source:" : "Sources:"),
  edited: "edited",
  deleted: "This message was deleted.",
  unsupported: "This message can’t be shown here.",
  today: "Today",
  yesterday: "Yesterday",
  newMessages: "New messages",

  sending: "Sending…",
  sent: "Sent",
  waiting: {
    offline: "Waiting for a connection. It will be sent by itself.",
    rate_limited: (seconds) => `That was a lot at once. Sending again in ${seconds} s.`,
    busy: (seconds) => `We are busy right now. Sending again in ${seconds} s.`,
  },
  failed: {
    network: "Not sent. Check your connection, then send it again.",
    busy: "Not sent, because we are busy right now. Please send it again in a few minutes.",
    session: "Not sent. Please send it again.",
    conflict: "Not sent. Please send it again.",
    rejected: "Not sent. Please change it and try again.",
    message_too_long: "Not sent, because it is too long. Please shorten it.",
  },
  sendAgain: "Send again",
  edit: "Edit",
  discard: "Delete",

  composerLabel: "Your message",
  placeholder: "Write a message…",
  send: "Send message",
  left: (count) => `${count.toLocaleString("en")} left`,
  over: (count, limit) =>
    `${count.toLocaleString("en")} ${count === 1 ? "character" : "characters"} over the limit of ` +
    `${limit.toLocaleString("en")}. Please shorten it, or send it in parts.`,

  offline: "You are offline. What you write is kept, and sent when you are back.",
  reconnecting: "The connection was lost. Trying again…",
  reconnectingIn: (seconds) => `The connection was lost. Trying again in ${seconds} s.`,
  busyFor: (seconds) => `We are busy right now. Trying again in ${seconds} s.`,

  newConversation: "New conversation",
  newConversationQuestion: "Start a new conversation?",
  newConversationWarning: "This one will no longer be shown on this device.",
  startNew: "Start new",
  cancel: "Cancel",
};
