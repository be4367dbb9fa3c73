// The person's microphone and camera; why there is none comes as an Error whose message can be shown.

const REFUSALS = {
  NotAllowedError: (device) => `This page may not use the ${device}: allow it in the browser's settings of this site.`,
  NotFoundError: (device) => `This machine has no ${device}.`,
  NotReadableError: (device) => `The ${device} is in use by another program.`,
};
const CLEANED = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const WANTED = {
  microphone: { audio: { ...CLEANED, channelCount: 1 } },
  camera: { video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 5 } } },
};
const KINDS = { microphone: ["audio", "audioinput"], camera: ["video", "videoinput"] };

/** Browsers give devices to pages on this machine or over HTTPS, and to no others. */
export const areThere = () => navigator.mediaDevices !== undefined;

/** Takes this one of the microphones or cameras from now on. */
export function choose(device, id) {
  Object.assign(WANTED[device][KINDS[device][0]], { deviceId: { ideal: id } });
}

/** The microphones or cameras as [id, name]; empty before the person allowed one. */
export async function choices(device) {
  const all = areThere() ? await navigator.mediaDevices.enumerateDevices() : [];
  const found = all.filter(({ kind, label }) => kind === KINDS[device][1] && label);
  return found.map(({ deviceId, label }) => [deviceId, label]);
}

/** A microphone or a camera, once the person allows it. */
export async function ask(device) {
  if (!areThere()) throw new Error(`Browsers give a ${device} only to pages on this machine (127.0.0.1) or over HTTPS.`);
  try {
    return await navigator.mediaDevices.getUserMedia(WANTED[device]);
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
