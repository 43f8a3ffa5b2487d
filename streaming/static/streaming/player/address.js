// Where everything of this video is. The token stands first in each path, and a fresh one may take its place.

const TOKEN = /^[A-Za-z0-9._-]{40,256}$/;

export class Address {
  constructor(path, revision) {
    [, , this.token, this.project, this.video] = path.split("/");
    this.revision = revision || "";
    this.former = [];
  }

  get owner() { return `${this.token}/${this.project}/${this.video}`; }
  get folder() { return `/play/${this.owner}/${this.revision}/`; }
  get master() { return `${this.folder}master.m3u8`; }
  get refresh() { return `/play/${this.owner}/refresh`; }
  get report() { return `/report/${this.owner}`; }
  get state() { return `/embed/${this.owner}/state.json`; }

  // Return an address as it is under the present token.
  renewed(url) {
    return this.former.reduce((text, token) => text.replace(`/play/${token}/`, `/play/${this.token}/`), url);
  }

  renew(token) {
    if (typeof token !== "string" || !TOKEN.test(token) || token === this.token) return false;
    this.former.push(this.token);
    this.token = token;
    return true;
  }
}
