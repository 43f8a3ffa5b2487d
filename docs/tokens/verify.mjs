// Check Gilfoyle playback tokens outside of Gilfoyle, at an edge for example. Node 18 or newer, nothing to install.
//
// Use:  node verify.mjs vectors.json     answers each vector of the file, one line of JSON for all.
//
// It decides about the token alone. Whether the video is restricted or the session revoked only Gilfoyle knows; and a
// claim that it does not keep itself (a bound viewer, countries) it refuses, as any checker has to. A token for a clip opens
// the segments that have anything of it: which these are must be told by who knows their times (`opened`: first and last).
// Without that it opens none, and no file of which is not said whether it is a segment (`segment`: its number, else null).
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify as verifyWith } from "node:crypto";
import { readFileSync } from "node:fs";

const SHAPE = /^([0-9A-Za-z]{6})\.([0-9A-Za-z_-]{24,200})\.([0-9A-Za-z_-]{22,86})$/;
const P256_HALF = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n;
const SCOPE_OF = { media: 1, key: 2, images: 4, text: 8 };
const CLOCK_SKEW_S = 30;
const [ORIGIN, NONCE, TAG, MAX_HEIGHT, COUNTRIES, SESSION_END, CLIP, NOT_BEFORE, ENTRY] = [1, 2, 3, 4, 5, 6, 128, 129, 130];
const LENGTHS = { [NONCE]: 16, [TAG]: 8, [MAX_HEIGHT]: 2, [SESSION_END]: 4, [CLIP]: 8, [NOT_BEFORE]: 4, [ENTRY]: 10 };

class Refused extends Error {}

const refuse = (reason) => {
  throw new Refused(reason);
};

const fromText = (text) => {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) refuse("base64"); // spare bits would give a token several spellings
  return bytes;
};

const readClaims = (body) => {
  if (body.length < 18) refuse("shape");
  if (body[0] !== 1) refuse("version");
  if (body[1] & 128) refuse("scope_unknown");
  const claims = { scope: body[1], issuedAt: body.readUInt32BE(2), expiresAt: body.readUInt32BE(6), more: new Map() };
  for (let at = 18; at < body.length; at += 2 + body[at + 1]) {
    const kind = body[at];
    if (at + 2 > body.length || at + 2 + body[at + 1] > body.length) refuse("claim_cut");
    if (claims.more.has(kind)) refuse("claim_twice");
    if (kind > ENTRY) refuse("claim_unknown"); // from 128 on a claim must be known
    claims.more.set(kind, body.subarray(at + 2, at + 2 + body[at + 1]));
  }
  for (const [kind, value] of claims.more) checkClaim(kind, value);
  return claims;
};

const checkClaim = (kind, value) => {
  const isWrong =
    (kind in LENGTHS && value.length !== LENGTHS[kind]) ||
    (kind === ORIGIN && (value.length === 0 || value.length % 8 !== 0 || value.length > 64)) ||
    (kind === COUNTRIES && (value.length === 0 || value.length % 2 !== 0));
  if (isWrong) refuse("claim_length");
  const isOdd =
    (kind === COUNTRIES && !/^[A-Z]+$/.test(value.toString("latin1"))) ||
    (kind === CLIP && value.readUInt32BE(0) >= value.readUInt32BE(4)) ||
    (kind === ENTRY && !/^[0-9A-Za-z]{6}$/.test(value.toString("latin1", 0, 6)));
  if (isOdd) refuse("claim_content");
};

// The key's row names the algorithm, never the token.
const isSignedBy = (key, message, signature) => {
  if (key.algorithm === "H") {
    const wanted = createHmac("sha256", Buffer.from(key.secret, "hex")).update(message).digest().subarray(0, 16);
    return signature.length === wanted.length && timingSafeEqual(wanted, signature);
  }
  if (signature.length !== 64) return false;
  const publicKey = createPublicKey(key.public_key);
  if (key.algorithm === "E") return verifyWith(null, message, publicKey, signature);
  if (BigInt(`0x${signature.subarray(32).toString("hex")}`) > P256_HALF) return false; // of the two, the smaller counts
  return verifyWith("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
};

const isWithdrawn = (issuedAt, key) =>
  issuedAt < key.min_issued_at_s || (key.retired_at_s !== null && issuedAt > key.retired_at_s);

const doesEntryCount = (value, key, keys) => {
  const began = keys.get(value.toString("latin1", 0, 6));
  const isUsable = began && began.state !== "revoked" && began.project_id === key.project_id;
  return Boolean(isUsable) && !isWithdrawn(value.readUInt32BE(6), began);
};

const isSiteAllowed = (hashes, origin) => {
  if (origin === null) return true; // no browser page asks
  const hash = createHash("sha256").update(origin).digest().subarray(0, 8);
  for (let at = 0; at < hashes.length; at += 8) if (hash.equals(hashes.subarray(at, at + 8))) return true;
  return false;
};

// Of a clip: nothing that shows the whole video, and of segments those that are opened.
const isInClip = ({ segment, opened, is_of_all: isOfAll }) => {
  if (isOfAll || segment === undefined) return false;
  return segment === null || Boolean(opened && segment >= opened[0] && segment <= opened[1]);
};

const check = (asked, keys) => {
  const { token, project_id, video_id, at_s, wants, rendition, origin } = asked;
  const match = token.length <= 256 ? SHAPE.exec(token) : null;
  if (!match || match[0] !== token) refuse("shape");
  const [body, signature] = [fromText(match[2]), fromText(match[3])];
  const { scope, issuedAt, expiresAt, more } = readClaims(body);
  const key = keys.get(match[1]);
  if (!key || key.state === "revoked") refuse("key");
  const named = ["gilfoyle-play-v1", match[1], project_id, video_id].map((one) => Buffer.from(`${one}\0`));
  if (!isSignedBy(key, Buffer.concat([...named, body]), signature)) refuse("signature");
  if (issuedAt > at_s + CLOCK_SKEW_S) refuse("not_yet");
  if (at_s >= expiresAt) refuse("expired");
  if (expiresAt <= issuedAt || expiresAt - issuedAt > key.max_ttl_s) refuse("ttl");
  if (isWithdrawn(issuedAt, key)) refuse("withdrawn");
  if (more.has(ENTRY) && !doesEntryCount(more.get(ENTRY), key, keys)) refuse("entry");
  if (more.has(NOT_BEFORE) && at_s < more.get(NOT_BEFORE).readUInt32BE(0)) refuse("not_before");
  if (!(scope & key.scope_mask & SCOPE_OF[wants])) refuse("scope");
  if (key.project_id !== project_id) refuse("project");
  if (more.has(NONCE) || more.has(COUNTRIES)) refuse("unsupported_limit");
  if (more.has(ORIGIN) && !isSiteAllowed(more.get(ORIGIN), origin)) refuse("origin");
  const height = /^v([0-9]{1,5})(?:[a-z][a-z0-9]*)?$/.exec(rendition ?? "");
  if (height && more.has(MAX_HEIGHT) && Number(height[1]) > more.get(MAX_HEIGHT).readUInt16BE(0)) refuse("max_height");
  if (more.has(CLIP) && !isInClip(asked)) refuse("clip");
  return "allowed";
};

const answer = (vector, keys) => {
  try {
    return check(vector, keys);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
};

const { keys, vectors } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const byId = new Map(keys.map((key) => [key.key_id, key]));
console.log(JSON.stringify(vectors.map((vector) => answer(vector, byId))));
