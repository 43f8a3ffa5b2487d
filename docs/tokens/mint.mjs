// Sign a Gilfoyle playback token with your own Ed25519 or P-256 key. Node 18 or newer, nothing to install.
//
// Make a key:  openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout
// Use:         node mint.mjs private.pem KEY_ID PROJECT_ID VIDEO_ID TTL_S [MAX_HEIGHT]
import { createPrivateKey, randomBytes, sign as signWith } from "node:crypto";
import { readFileSync } from "node:fs";

const MEDIA = 1 | 2;
const IMAGES = 4;
const TEXT = 8;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function mint(privateKey, { keyId, projectId, videoId, ttlS, maxHeight, scope = MEDIA | IMAGES | TEXT }) {
  const now = Math.floor(Date.now() / 1000);
  const session = randomBytes(8); // keep it to revoke this viewer alone
  const head = Buffer.alloc(10);
  head.writeUInt8(1, 0);
  head.writeUInt8(scope, 1);
  head.writeUInt32BE(now, 2);
  head.writeUInt32BE(now + ttlS, 6);
  const parts = [head, session];
  if (maxHeight) parts.push(Buffer.from([4, 2, maxHeight >> 8, maxHeight & 255]));
  const body = Buffer.concat(parts);
  const named = ["gilfoyle-play-v1", keyId, projectId, videoId].map((one) => Buffer.from(`${one}\0`));
  const signature = sign(privateKey, Buffer.concat([...named, body]));
  return [keyId, body.toString("base64url"), signature.toString("base64url")].join(".");
}

function sign(privateKey, message) {
  if (privateKey.asymmetricKeyType === "ed25519") return signWith(null, message, privateKey);
  const signature = signWith("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const s = BigInt(`0x${signature.subarray(32).toString("hex")}`);
  const smaller = s * 2n > P256_ORDER ? P256_ORDER - s : s; // of the two, the smaller one counts
  return Buffer.from(signature.subarray(0, 32).toString("hex") + smaller.toString(16).padStart(64, "0"), "hex");
}

const [path, keyId, projectId, videoId, ttlS, maxHeight] = process.argv.slice(2);
const privateKey = createPrivateKey(readFileSync(path));
console.log(mint(privateKey, { keyId, projectId, videoId, ttlS: Number(ttlS), maxHeight: Number(maxHeight || 0) }));
