// npm install express express-session passport passport-openidconnect
import express from "express";
import session from "express-session";
import passport from "passport";
import Strategy from "passport-openidconnect";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, APP_URL } = process.env;
passport.use("vestibule", new Strategy({
  issuer: ISSUER, authorizationURL: `${ISSUER}/oauth/authorize`, tokenURL: `${ISSUER}/oauth/token`,
  userInfoURL: `${ISSUER}/oauth/userinfo`, clientID: CLIENT_ID, clientSecret: CLIENT_SECRET,
  callbackURL: `${APP_URL}/callback`, scope: "profile email", skipUserProfile: false,
}, (issuer, person, done) => done(null, { id: person.id, username: person.username })));
passport.serializeUser((person, done) => done(null, person));
passport.deserializeUser((person, done) => done(null, person));

const app = express();
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false }), passport.session());
app.get("/login", passport.authenticate("vestibule"));
app.get("/callback", passport.authenticate("vestibule", { successRedirect: "/", keepSessionInfo: true }));
app.get("/", (request, response) => {
  if (!request.user) return response.redirect("/login");
  response.type("text").send(`Hello ${request.user.username}`);
});
app.listen(new URL(APP_URL).port);
