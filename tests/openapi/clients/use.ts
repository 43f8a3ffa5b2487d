// What an application's backend does first, by a client that was made of the API's document.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { argv: string[] };

const [url, key, ready] = process.argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

const made = await api.POST("/api/v1/videos", { body: { title: "Made in TypeScript" } });
if (made.error) throw new Error(made.error.code);
const path = { video_id: made.data.id };

const sent = await api.PUT("/api/v1/videos/{video_id}/source", {
  params: { path },
  body: "hardly a film",
  bodySerializer: (body) => body,
  headers: { "Content-Type": "application/octet-stream" },
});
const read = await api.GET("/api/v1/videos/{video_id}", { params: { path } });
const early = await api.POST("/api/v1/videos/{video_id}/playback", { params: { path }, body: {} });
const playback = await api.POST("/api/v1/videos/{video_id}/playback", {
  params: { path: { video_id: ready } },
  body: { ttl_s: 600 },
});

console.log(
  JSON.stringify({
    title: read.data?.title,
    size_bytes: sent.data?.source_size_bytes,
    status: read.data?.status,
    refused: [early.response.status, early.error?.code],
    hls_url: playback.data?.hls_url,
  }),
);
