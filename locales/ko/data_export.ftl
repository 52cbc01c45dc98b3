data-title = 내 데이터
data-what = 저희가 보관하는 회원님의 정보를 모두 JSON 파일 하나로 내려받을 수 있어요.
data-account = 이름과 이메일 주소(바꾸기 전 주소도), 언어, 비밀번호를 설정한 때(비밀번호 자체는 들어가지 않아요)
data-sessions = 세션과 로그인에 쓴 브라우저
data-mail = 메일로 보낸 링크와 편지 가운데 아직 유효한 것
data-events = 계정에서 일어난 일, 최근 것부터 최대 10,000건
data-proof = 로그인한 지 오래되었다면 비밀번호를 먼저 확인해요.
data-download = 내 데이터 내려받기
