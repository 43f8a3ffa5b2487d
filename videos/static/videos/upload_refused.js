// The page of an upload address that does not hold: the page around it hears that, too.

import { fitFrame, tellAround } from "./upload_frame.js";

const page = document.querySelector("main");
fitFrame(page);
tellAround(page, "loaded", { status: "refused" });
