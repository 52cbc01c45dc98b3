// Sends the answer to an app (OAuth 2.0 Form Post Response Mode). Without scripts the button does.
document.getElementById("answer").submit();
