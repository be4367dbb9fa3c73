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

/** The microphone or the camera of a call: asked for once at a time, and given back if it is not wanted any more. */
export class Device {
  #name;
  #wish = null;

  constructor(name) {
    this.#name = name;
  }

  get isAskedFor() {
    return this.#wish !== null;
  }

  /** Its stream, once the person allows it; null if it is asked for already, or was dropped by then. */
  async take() {
    if (this.isAskedFor) return null;
    const wish = (this.#wish = Symbol(this.#name));
    try {
      const stream = await ask(this.#name);
      if (wish === this.#wish) return stream;
      end(stream);
    } catch (error) {
      if (wish === this.#wish) throw error;
    } finally {
      if (wish === this.#wish) this.#wish = null;
    }
    return null;
  }

  /** It is not wanted any more; returns whether it was asked for. */
  drop() {
    const was = this.isAskedFor;
    this.#wish = null;
    return was;
  }
}

/** Gives back what was taken. */
export function end(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Whether it was allowed before, so that nobody needs to be asked. */
export async function isGranted(name) {
  try {
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    return false; // this browser does not tell
  }
}
