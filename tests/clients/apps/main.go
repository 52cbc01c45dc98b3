// go get github.com/coreos/go-oidc/v3 golang.org/x/oauth2
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	id, app := os.Getenv("CLIENT_ID"), os.Getenv("APP_URL")
	config := oauth2.Config{ClientID: id, ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: app + "/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		state, verifier := random(), random()
		for name, value := range map[string]string{"state": state, "verifier": verifier} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		sum := sha256.Sum256([]byte(verifier))
		address := config.AuthCodeURL(state, oidc.Nonce(state), oauth2.SetAuthURLParam("code_challenge_method", "S256"),
			oauth2.SetAuthURLParam("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])))
		http.Redirect(w, r, address, http.StatusSeeOther)
	})
	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		state, _ := r.Cookie("state")
		verifier, _ := r.Cookie("verifier")
		if state == nil || verifier == nil || r.FormValue("state") != state.Value {
			http.Error(w, "Start again at /", http.StatusBadRequest)
			return
		}
		token, err := config.Exchange(r.Context(), r.FormValue("code"), oauth2.SetAuthURLParam("code_verifier", verifier.Value))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		checked, err := provider.Verifier(&oidc.Config{ClientID: id}).Verify(r.Context(), raw)
		if err != nil || checked.Nonce != state.Value {
			http.Error(w, "The ID token is not for this sign-in", http.StatusBadGateway)
			return
		}
		var person struct {
			Username string `json:"preferred_username"`
		}
		info, err := provider.UserInfo(r.Context(), oauth2.StaticTokenSource(token))
		if err != nil || info.Claims(&person) != nil {
			http.Error(w, "No user info", http.StatusBadGateway)
			return
		}
		fmt.Fprintf(w, "Hello %s", person.Username)
	})
	address, _ := url.Parse(app)
	log.Fatal(http.ListenAndServe("localhost:"+address.Port(), nil))
}

func random() string {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}
