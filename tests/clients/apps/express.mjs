// npm install express express-openid-connect
import express from "express";
import openid from "express-openid-connect";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, APP_URL } = process.env;
const app = express();
app.use(openid.auth({
  issuerBaseURL: ISSUER, baseURL: APP_URL, clientID: CLIENT_ID, clientSecret: CLIENT_SECRET, secret: SESSION_SECRET,
  authorizationParams: { response_type: "code", scope: "openid profile email groups" },
  authRequired: false, idpLogout: true, // sign in at /login, out at /logout
}));
app.get("/", openid.requiresAuth(), async (request, response) => {
  const person = await request.oidc.fetchUserInfo();
  response.type("text").send(`Hello ${person.preferred_username}`);
});
app.listen(new URL(APP_URL).port);
