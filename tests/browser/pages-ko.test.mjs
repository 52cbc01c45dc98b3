// Every page in Korean.

import { everyPage } from "./chapters.mjs";

everyPage("ko");
