// What is asked of the node; what it refuses comes as an Error whose message can be shown.

const ANSWER_MS = 15_000; // a network that is gone answers nothing for minutes

export async function post(path, body) {
  const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), keepalive: true };
  return sent(path, body === undefined ? { method: "POST" } : json);
}

export async function sent(path, request) {
  let answer;
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS), ...request });
  } catch {
    throw new Error("The node is away.");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The node answered ${answer.status}.`);
  return answer;
}
