sessions-title = 로그인된 기기
sessions-hint = 지금 로그인된 기기예요. 쓰지 않는 기기는 로그아웃해 주세요.
sessions-others = 다른 기기
sessions-others-hint = 이 기기는 그대로 두고 모두 로그아웃해요.
sessions-end-others = 다른 기기 모두 로그아웃
sessions-unknown = 모르는 기기가 있나요?

## 목록에 나오는 기기 하나

session-current = 이 브라우저
session-remembered = 로그인 유지
session-address = 접속 주소: { $address }
session-seen = 마지막 사용: { $age }
session-created = 로그인: { $age }
session-end = 로그아웃

## 2단계 인증을 건너뛰는 브라우저

browsers-title = 2단계 인증을 건너뛰는 브라우저
browsers-hint = 직접 설정하신 브라우저예요. 비밀번호만 입력하면 2단계 인증을 건너뛰어요. 비밀번호를 바꾸면 모두 해제돼요.
browsers-since = { $age } 등록
browsers-until = { $date }까지
browsers-forget = 해제
