sessions-title = 세션
sessions-hint = 로그인되어 있는 모든 곳이에요. 이제 쓰지 않는 곳은 끝내 주세요.
sessions-others = 다른 모든 곳
sessions-others-hint = 지금 이 세션만 남기고 모두 끝내요.
sessions-end-others = 다른 세션 모두 끝내기
sessions-unknown = 본인이 아닌 것 같은 세션이 있나요?

## 목록에 나오는 세션 하나

session-current = 이 브라우저
session-remembered = 로그인 유지
session-address = 접속 주소: { $address }
session-seen = 마지막 사용: { $age }
session-created = 로그인: { $age }
session-end = 끝내기
