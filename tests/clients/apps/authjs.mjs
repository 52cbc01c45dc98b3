// npm install express @auth/express
import express from "express";
import { ExpressAuth, getSession } from "@auth/express";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, APP_URL } = process.env;
const config = {
  trustHost: true,
  secret: SESSION_SECRET,
  providers: [{
    id: "vestibule", name: "Vestibule", type: "oidc", issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET,
    checks: ["pkce", "state", "nonce"], authorization: { params: { scope: "openid profile email" } },
    profile: (claims) => ({ id: claims.sub, name: claims.preferred_username, email: claims.email }),
  }],
};
const app = express();
app.use("/auth", ExpressAuth(config));
app.get("/", async (request, response) => {
  const session = await getSession(request, config);
  if (!session) return response.redirect("/auth/signin");
  response.type("text").send(`Hello ${session.user.name}`);
});
app.listen(new URL(APP_URL).port);
