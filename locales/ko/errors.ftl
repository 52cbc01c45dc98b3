error-back = 다시 시도
error-home = 처음으로
error-wait = { $wait } 뒤에 다시 시도해 주세요.
error-request = 도움을 요청할 때 이 번호를 알려 주세요:

error-bad-request-title = 요청을 읽지 못했어요
error-bad-request-text = 요청에 예상과 다른 부분이 있었어요. 바뀐 것은 없어요.
error-unauthorized-title = 먼저 로그인해 주세요
error-unauthorized-text = 로그인해야 쓸 수 있어요.
error-forbidden-title = 페이지가 만료됐어요
error-forbidden-text = 다른 탭에서 로그인하거나 로그아웃했을 수 있어요. 바뀐 것은 없어요. 페이지를 다시 열어 주세요.
error-denied-title = 접근할 수 없어요
error-denied-text = 이 주소에 접근할 권한이 없어요. 권한이 있어야 한다면 서비스 운영자에게 알려 주세요.
error-gone-title = 만료된 요청이에요
error-gone-text = 시간이 지났거나 이미 처리됐어요.
error-not-found-title = 페이지를 찾을 수 없어요
error-not-found-text = 없는 주소이거나 옮겨진 페이지예요. 직접 입력했다면 주소를 다시 확인해 주세요.
error-method-not-allowed-title = 여기서는 할 수 없는 요청이에요
error-method-not-allowed-text = 이 페이지에서는 할 수 없는 요청이에요. 앞서 보던 페이지에서 다시 시작해 주세요.
error-payload-too-large-title = 보낸 내용이 너무 커요
error-payload-too-large-text = 받을 수 있는 크기를 넘었어요. 바뀐 것은 없어요. 내용을 줄여 다시 시도해 주세요.
error-headers-too-large-title = 브라우저가 한 번에 너무 많이 보냈어요
error-headers-too-large-text = 주소나 이 사이트의 쿠키가 받을 수 있는 크기를 넘었어요. 브라우저 설정에서 이 사이트의 쿠키를 삭제하고 다시 시도해 주세요.
error-unsupported-media-type-title = 요청을 읽지 못했어요
error-unsupported-media-type-text = 이 페이지가 받지 않는 형식이에요. 바뀐 것은 없어요.
error-request-timeout-title = 시간이 너무 오래 걸렸어요
error-request-timeout-text = 요청이 제때 도착하지 않았어요. 연결을 확인하고 다시 시도해 주세요.
error-too-many-requests-title = 여러 번 시도하셨어요
error-too-many-requests-text = 계정을 안전하게 지키려고 속도를 늦추고 있어요.
error-unavailable-title = 일시적인 문제가 있어요
error-unavailable-text = 바뀐 것은 없어요.
error-internal-title = 저희 쪽에 문제가 생겼어요
error-internal-text = 저희 쪽 문제이고, 기록해 두었어요. 잠시 뒤에 다시 시도해 주세요.

broken-link-title = 링크가 잘렸거나 바뀌었어요
broken-link-ask = 일부 메일 앱은 링크를 자르거나 다른 글자를 붙여요. 이메일을 다시 열고 링크 전체를 주소창에 복사하거나, 새 링크를 받아 주세요.
broken-link-sign-in = 일부 메일 앱은 링크를 자르거나 다른 글자를 붙여요. 이메일을 다시 열고 링크 전체를 주소창에 복사해 주세요.
broken-link-setup = 링크의 일부가 빠졌거나 다른 글자가 붙었어요. “http”부터 끝까지 링크 전체를 다시 복사해 주세요.
broken-link-again = 새 링크 받기

form-again-no-cookie = 브라우저가 쿠키를 보내지 않아서 요청을 처리할 수 없어요. 이 사이트의 쿠키를 허용한 뒤에 다시 보내 주세요.
form-again-outdated = 이 브라우저에서 보낸 요청인지 확인할 수 없어서 아무것도 바꾸지 않았어요. 다시 보내 주세요. 비밀번호와 코드는 다시 입력해야 해요.
link-needs-cookies = 이메일의 링크로 오셨다면, 브라우저가 쿠키를 보내지 않아서 링크를 쓸 수 없어요. 이 사이트의 쿠키를 허용한 뒤에 링크를 다시 열어 주세요.

return-title = 이동하고 있어요
return-link = 계속
