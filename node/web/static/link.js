// A WebRTC session with the node by WHEP or WHIP, kept alive: one that breaks is made anew until it is ended.

const GATHER_MS = 1500; // without ICE servers gathering takes milliseconds
const ANSWER_MS = 10_000;
const GRACE_MS = 3000; // "disconnected" often mends itself
const AGAIN_MS = [500, 1000, 2000, 4000];
const FULL = 503;

export class Link {
  state = "off";
  #url;
  #prepare;
  #changed;
  #peer = null;
  #session = null;
  #round = 0;
  #failures = 0;
  #timer = 0;

  /**
   * `prepare(peer)` adds the tracks; `changed(state, why)` is told "off", "connecting", "up" or "again", and in words
   * what went wrong.
   */
  constructor(url, prepare, changed) {
    this.#url = url;
    this.#prepare = prepare;
    this.#changed = changed;
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (event) => event.persisted && this.renew());
    for (const name of ["visibilitychange", "resume"]) document.addEventListener(name, () => this.#wake());
  }

  get isOn() {
    return this.state !== "off";
  }

  start() {
    if (this.isOn) return;
    this.#failures = 0;
    this.#tell("connecting");
    this.#connect();
  }

  stop(why = "") {
    this.#leave();
    if (this.isOn) this.#tell("off", why);
  }

  /** Makes the session anew: the node was, or what it needs is another one. */
  renew() {
    if (!this.isOn) return;
    this.#leave();
    this.#tell("again");
    this.#connect();
  }

  /** What the browser measures: an array of RTCPeerConnection statistics. */
  async stats() {
    return this.#peer === null ? [] : [...(await this.#peer.getStats()).values()];
  }

  async #connect() {
    const round = ++this.#round;
    const peer = (this.#peer = new RTCPeerConnection({ iceServers: [] }));
    peer.addEventListener("connectionstatechange", () => round === this.#round && this.#follow(peer));
    try {
      await this.#prepare(peer);
      await peer.setLocalDescription();
      await gathered(peer);
      const [session, answer] = await this.#post(peer.localDescription.sdp);
      if (round !== this.#round) return remove(session);
      this.#session = session;
      await peer.setRemoteDescription({ type: "answer", sdp: answer });
    } catch (error) {
      if (round === this.#round) this.#failed(error);
    }
  }

  async #post(sdp) {
    const answer = await fetch(this.#url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: sdp,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await answer.text();
    if (answer.status === 201) return [answer.headers.get("Location"), text];
    throw new NotTaken(text.trim() || `the node answered ${answer.status}`, answer);
  }

  #follow(peer) {
    clearTimeout(this.#timer);
    if (peer.connectionState === "connected") {
      this.#failures = 0;
      this.#tell("up");
    } else if (peer.connectionState === "disconnected") {
      this.#tell("again");
      this.#timer = setTimeout(() => this.renew(), GRACE_MS);
    } else if (peer.connectionState === "failed") {
      this.#later("");
    }
  }

  #failed(error) {
    if (!(error instanceof NotTaken)) this.#later("");
    else if (error.status === FULL) this.#later(error.message, error.waitMs);
    else this.stop(error.message);
  }

  #later(why, waitMs = 0) {
    this.#leave();
    this.#tell("again", why);
    const wait = AGAIN_MS[Math.min(this.#failures++, AGAIN_MS.length - 1)];
    this.#timer = setTimeout(() => this.#connect(), Math.max(wait, waitMs));
  }

  /** After a sleep: what the browser noticed meanwhile counts now, without a wait. */
  #wake() {
    const broken = ["disconnected", "failed", "closed"].includes(this.#peer?.connectionState);
    if (this.isOn && broken && document.visibilityState === "visible") this.renew();
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#round++;
    this.#peer?.close();
    this.#peer = null;
    const session = this.#session;
    this.#session = null;
    remove(session);
  }

  #tell(state, why = "") {
    this.state = state;
    this.#changed(state, why);
  }
}

/** Ends a session of the node, if there is one. */
function remove(session) {
  if (session !== null) fetch(session, { method: "DELETE", keepalive: true }).catch(() => {});
}

/** The node refused: for now, or for good. */
class NotTaken extends Error {
  constructor(words, { status, headers }) {
    super(words);
    this.status = status;
    this.waitMs = 1000 * (Number(headers.get("Retry-After")) || 0);
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, GATHER_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      done();
    });
  });
}
