// Renews the permission in its argument by the module of docs/guides/mobile.md, and plays by what comes of it.
import assert from "node:assert/strict";
import { PlaybackSession } from "./session.mjs";

const session = new PlaybackSession(JSON.parse(process.argv[2]));
const before = { ...session.playback };
assert.equal((await fetch(before.hls_url)).status, 200);
await session.refresh();
assert.notEqual(session.playback.token, before.token);
const renewed = session.address(before.hls_url);
assert.ok(renewed.includes(session.playback.token) && !renewed.includes(before.token));
assert.equal((await fetch(renewed)).status, 200);
const { token, refresh_url } = session.playback;
const forged = token.replace(/.(?=.{9}$)/, (letter) => (letter === "A" ? "B" : "A"));
session.playback = { ...session.playback, refresh_url: refresh_url.replace(token, forged) };
await assert.rejects(session.refresh(), { code: "token_invalid" });
session.keepFresh(() => {});
session.stop();
