// What is asked of the node, and of the person's devices; what is refused comes as an Error whose message can be shown.

const REFUSALS = {
  NotAllowedError: (device) => `This page may not use the ${device}: allow it in the browser's settings of this site.`,
  NotFoundError: (device) => `This machine has no ${device}.`,
  NotReadableError: (device) => `The ${device} is in use by another program.`,
};

export async function post(path, body) {
  const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  await sent(path, body === undefined ? { method: "POST" } : json);
}

export async function sent(path, request) {
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Error("The node is away.");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The node answered ${answer.status}.`);
}

/** A microphone or a camera, once the person allows it. */
export async function ask(constraints, device) {
  if (navigator.mediaDevices === undefined) {
    throw new Error(`Browsers give a ${device} only to pages on this machine (127.0.0.1) or over HTTPS.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const words = REFUSALS[error.name] ?? (() => `The ${device} cannot be used: ${error.message}`);
    throw new Error(words(device));
  }
}
