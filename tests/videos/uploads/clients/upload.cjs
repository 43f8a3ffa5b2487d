// Uploads a file as an app or a page does: node upload.cjs ENDPOINT FILE OPTIONS(JSON, of tus-js-client)
const fs = require("node:fs");
const tus = require("tus-js-client");

const [endpoint, path, options] = process.argv.slice(2);
const upload = new tus.Upload(fs.readFileSync(path), {
  endpoint,
  retryDelays: Array(200).fill(20),
  ...JSON.parse(options),
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url);
  },
});
upload.start();
