// The person's microphone and camera; why there is none comes as an Error whose message can be shown.

const REFUSALS = {
  NotAllowedError: (device) => `This page may not use the ${device}: allow it in the browser's settings of this site.`,
  NotFoundError: (device) => `This machine has no ${device}.`,
  NotReadableError: (device) => `The ${device} is in use by another program.`,
};

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

/** Whether it was allowed before, so that nobody needs to be asked. */
export async function isGranted(name) {
  try {
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    return false; // this browser does not tell
  }
}
