"""How each command is written, in 繁體中文: what `/help NAME` and `/NAME ?` say below its summary."""

FORMS = {
    "help": "- `/help models`：一個主題\n- `/help model`：一個指令，與 `/model ?` 相同\n- `/help tour`：簡短導覽",
    "model": "- `/model`：從最近用過的模型和全部服務商裡挑選\n"
    "- `/model gpt`：名稱裡含有這些字的模型\n- `/model 服務商:模型`：就選這一個\n"
    "- `/model a:x fallback b:y, c:z`：它不回答時由誰代答；`/model fallback off` 表示不用",
    "models": "- `/models`：以文字列出全部\n- `/models gpt`：名稱裡含有這些字的\n"
    "- 管理員：`/models allow openai:*`、`deny *:free`、`reset`：這個聊天可以用哪些\n"
    "- `/models name ID 名稱`：替服務商或模型取名\n- `/models fresh`：重新讀取清單",
    "new": "- `/new`：開始新的對話，目前的會保留\n- `/new 標題`：支援討論串的地方，開一個以此為名的討論串",
    "chats": "- `/chats`：全部對話，用按鈕開啟、改名、匯出、刪除\n"
    "最多保留 200 段，每段保留到最後一次使用後的 180 天，或者主人設定的時間。",
    "search": "- `/search 藍天`：這裡含有這些詞的問題和回答",
    "export": "- `/export`：目前的對話，匯出成 Markdown 和 JSON，連同圖片\n- `/export all`：全部對話",
    "forget": "- `/forget`：詢問要永久刪除哪些\n- `/forget this`、`/forget all`：只詢問這一項",
    "stop": "- `/stop`：停止回答；已經講的會保留",
    "retry": "- `/retry`：重新回答上一個問題\n- `/retry 服務商:模型`：先換成這個模型\n"
    "- 作為對以前某個問題的回覆：重新回答那個問題，對話從那裡繼續",
    "page": "- `/page 41-80`：讀取上一份文件的這些頁",
    "system": "- `/system`：檢視\n- `/system 文字`：設定\n- `/system off`：刪除\n`/persona` 提供有名稱的提示詞。",
    "persona": "- `/persona`：從全部角色裡挑選\n- `/persona teacher`：就用這一個\n- `/persona off`：不用\n"
    "- `/persona save 名稱`：把這個聊天的系統提示詞存成角色\n"
    "- `/persona save 名稱: 文字`：儲存一段文字\n"
    "- `/persona share 名稱 chat`、`all`：讓別人也能用\n- `/persona delete 名稱`：刪除",
    "chain": "- `/chain`：全部\n- `/chain save brief: summary -> 給它起個標題：{{input}}`：儲存一條\n"
    "- `/brief 文字`：執行\n- `/chain share brief chat`、`all`：讓別人也能用\n- `/chain delete brief`：刪除",
    "later": "- `/later on`：閘道不在時，訊息會等它回來\n- `/later off`：立即告知，不等待",
    "reasoning": "- `/reasoning off`：不顯示\n- `/reasoning brief`：只顯示用了多久\n"
    "- `/reasoning full`：摺疊顯示在回答上方",
    "buttons": "- `/buttons off`：不顯示\n- `/buttons few`：重新產生、繼續、其他版本\n"
    "- `/buttons all`：還有換模型和更簡短",
    "sum": "- `/sum`、`/sum 50`：讓模型回答本群最近的訊息\n- `/sum 50 問題`：就這些訊息提問",
    "compare": "- `/compare model-a model-b 問題`：兩個模型同時回答同一個問題",
    "effort": "- `/effort high`：多想；也可以是 `low`、`medium`\n- `/effort off`：由服務商決定",
    "params": "- `/params`：現在的設定\n"
    "- `/params temperature 0.7`、`top_p 0.9`、`max_tokens 2000`、`stop END`、`effort high`\n"
    "- `/params temperature off`：恢復一項\n- `/params reset`：全部恢復",
    "voice": "- `/voice on`：語音訊息也用語音回答\n- `/voice off`：只用文字",
    "tools": "- `/tools on`、`/tools off`：模型在這裡可不可以用工具\n"
    "- `/tools SERVER never`、`ask` 或 `always`；`SERVER/TOOL` 也一樣\n"
    "- `/tools`：有哪些工具",
    "kb": "- `/kb ask 問題`：這一次參考知識庫回答\n"
    "- 回覆一個文件傳送 `/kb add`：為本聊天儲存它\n"
    "- `/kb list`、`/kb remove 2`：儲存了哪些\n"
    "- `/kb`：這裡使用哪些知識庫；`/kb tool`、`/kb always`、`/kb off`",
    "usage": "- `/usage`：你自己的用量\n- 管理員：`/usage all`、`people`、`chats`、`errors`，或某人的 ID",
    "whoami": "- `/whoami`：你的 ID、角色和這個聊天的 ID",
    "allow": "- `/allow`：在群組裡是這個群組；用來回覆則是那個人\n- `/allow 4711`：這個 ID 的人\n"
    "- `/allow 4711 for 7d`：限期",
    "deny": "- `/deny`：在群組裡是這個群組；用來回覆則是那個人\n- `/deny 4711 for 7d`：限期",
    "allowlist": "- `/allowlist`：誰可以用，誰不可以\n- `/allowlist remove 4711`：收回一條規則",
    "invite": "- `/invite`：一個人用的邀請碼\n- `/invite 5 for 7d`：五個人，一週內\n- `/invite off`：全部作廢",
    "requests": "- `/requests`：誰在等待答覆，附有按鈕",
    "chat": "- `/chat`：這裡適用的設定\n- `/chat answer all`：設定其中一項\n- `/chat all answer all`：用於所有聊天",
    "audit": "- `/audit`：最近十次變更\n- `/audit 50`：更多",
    "web": "- `/web`：管理頁面的連結，只讓一個瀏覽器進入一次\n- `/web off`：結束你的所有登入",
    "admin": "- `/admin list`：有哪些管理員\n- `/admin add 4711`、`/admin remove 4711`，或用來回覆",
    "bench": "- `/bench`：這個聊天的模型\n- `/bench gpt`：名稱裡含有這些字的模型",
}
TOPICS = {
    "talk": "對話",
    "models": "模型",
    "prompts": "提示詞",
    "you": "你和機器人",
    "access": "誰可以用",
    "settings": "設定",
}
TOUR = {
    "1": "**1/3：對話。** 像給人寫訊息那樣寫就行；{model} 會回答，並記得這段對話。可以連發幾則訊息，"
    "也可以發圖片、語音或檔案，會合在一起看。正在寫的回答下面有「停止」，/retry 重新回答，"
    "/new 開始新的對話，/chats 回到之前的對話。",
    "2": "**2/3：模型和角色。** /model 更換這個聊天的模型。/persona 讓模型扮演翻譯、編輯、老師；"
    "/system 使用你自己寫的提示詞。/chain 把一段文字依次交給幾個提示詞。",
    "3": "**3/3：最好知道。** /reasoning 顯示模型回答之前的思考。/usage 顯示你的用量。在群組裡請提到我或回覆我。"
    "任何指令後面加問號會有更多解釋：`/model ?`",
}
