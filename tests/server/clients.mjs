// The official JavaScript clients against a gateway: `node clients.mjs URL MODULES` prints what came out, as JSON.
import { createRequire } from "node:module";

const [url, modules] = process.argv.slice(2);
const load = createRequire(`${modules}/`);
const OpenAI = load("openai").OpenAI;
const Anthropic = load("@anthropic-ai/sdk").Anthropic;
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "hello" }];
const heard = {};

for (const provider of ["chat", "messages", "responses"]) {
  const model = `${provider}:m1`;
  const whole = await openai.chat.completions.create({ model, messages });
  let streamed = "";
  for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true }))
    streamed += chunk.choices[0]?.delta?.content ?? "";
  heard[`${provider} chat`] = [whole.choices[0].message.content, streamed];

  const message = await anthropic.messages.create({ model, max_tokens: 99, messages });
  const final = await anthropic.messages.stream({ model, max_tokens: 99, messages }).finalMessage();
  heard[`${provider} messages`] = [message.content[0].text, final.content[0].text];

  const response = await openai.responses.create({ model, input: "hello" });
  const done = await openai.responses.stream({ model, input: "hello" }).finalResponse();
  heard[`${provider} responses`] = [response.output_text, done.output_text];
}
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } }];
const called = await openai.chat.completions.create({ model: "messages:tool", messages, tools });
heard.tool = called.choices[0].message.tool_calls[0].function;
const thought = await anthropic.messages.create({ model: "chat:thinking", max_tokens: 99, messages });
heard.thinking = thought.content.map((block) => [block.type, block.thinking ?? block.text]);
heard.models = (await openai.models.list()).data.map((model) => model.id);
heard.model = (await anthropic.models.retrieve("chat:m1")).id;
heard.tokens = (await anthropic.messages.countTokens({ model: "chat:m1", messages })).input_tokens > 0;
heard.vectors = (await openai.embeddings.create({ model: "chat:vectors", input: "hi", encoding_format: "float" })).data.length;

const left = await openai.chat.completions.create({ model: "chat:silent", messages, stream: true });
for await (const chunk of left) break; // leaving the loop closes the connection
heard.left = left.controller.signal.aborted;
try {
  await openai.chat.completions.create({ model: "chat:", messages });
} catch (error) {
  heard.refused = [error.status, error.code];
}
console.log(JSON.stringify(heard));
