// Every page in English.

import { everyPage } from "./chapters.mjs";

everyPage("en");
