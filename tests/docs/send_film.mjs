// Sends its second argument to the upload address in the first, by the module of docs/guides/browser-upload.md; then once more.
import { upload } from "./upload.mjs";

const [, , address, film] = process.argv;
let sent = 0;
await upload(Buffer.from(film), address, { onProgress: (bytes) => { sent = bytes; } });
const again = await upload(Buffer.from(film), address).then(() => "taken", (error) => error.code ?? error.message);
console.log(JSON.stringify({ sent, again }));
