"""`python -m benchmarks.chain.conversation PORT LLM_PORT DATABASE_URL`: stores, asks the LLM process, stores."""

import json
import sys
from uuid import uuid4

import grpc.aio
import uvloop

from benchmarks.chain import calls
from benchmarks.chain.calls import Json
from benchmarks.chain.store import Store


async def serve(port: int, llm_port: int, database_url: str) -> None:
    store, write = Store(database_url), calls.connect(calls.LLM, llm_port)

    async def answer(asked: Json, context: "grpc.aio.ServicerContext[Json, bytes]") -> Json:
        session = asked.get("sessionId") or str(uuid4())
        begun = await store.begin(session, asked["message"], asked.get("clientMessageId") or str(uuid4()))
        if begun is None:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, "This message was sent before: send another one.")
        message, history = begun
        written = json.loads(await write({"history": history}))
        text, call = written["text"], written["call"]
        reply = await store.finish(session, message, text, call)
        return {"sessionId": session, "messageId": str(message), "replyId": str(reply), "reply": text, "meta": call}

    await calls.serve(calls.CONVERSATION, answer, port)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
