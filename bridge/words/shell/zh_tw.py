"""繁體中文。"""

from bridge.diagnostics import Sentence
from bridge.words.shell.words import DoctorWords, InboxWords, InitWords

DOCTOR = DoctorWords(
    settings_fine=Sentence("所有設定都可用。"),
    settings_wrong=Sentence("{problem}", "請在 .env 或環境變數裡改正。"),
    settings_unknown=Sentence("{problem}", "請在 .env 或環境變數裡改名或刪除。"),
    settings_slip=Sentence("{name} 不是本程式的設定。", "請改名為 {near}。"),
    settings_readable=Sentence("這台機器上的其他人可以讀取 .env 裡的金鑰。", "請執行：chmod 600 .env"),
    channel_unknown=Sentence("BRIDGE_CHANNELS 裡的 {name} 不是管道。", "可選的有 {names}。"),
    channel_incomplete=Sentence("{variables} 沒有設定，{name} 無法使用。", "請執行：cherry-bridge init"),
    channel_unused=Sentence("沒有使用。"),
    channel_none=Sentence("還沒有設定任何平台。", "請執行：cherry-bridge init（或者就在這裡聊：cherry-bridge chat）。"),
    settings_newer=Sentence(
        "機器人用的是啟動時讀取的設定；.env 之後改過。",
        "請重新啟動機器人。只有 .env 和環境變數的變更需要重新啟動。",
    ),
    web_read=Sentence(
        "所有者可以在管理頁面上查看對話；當事人會被告知一次。",
        "如果不需要，請去掉 BRIDGE_WEB_READ 並重新啟動機器人。",
    ),
    proxy_harmless=Sentence(
        "系統代理（{names}）會截走發往 {host} 的請求。cherry-bridge 存取閘道時從不使用代理，不受影響。",
        "cherry-bridge 無需處理；本機其他程式需要 NO_PROXY=127.0.0.1,localhost。",
    ),
    gateway_fine=Sentence("{url} 是 Cherry Studio {version}。"),
    gateway_other=Sentence("{url} 是相容 OpenAI 的伺服器，但不是 Cherry Studio。"),
    gateway_named=Sentence("{url} 是相容 OpenAI 的伺服器，但不是 Cherry Studio。看起來是 {gateway}。"),
    gateway_loading=Sentence("{url} 上的 {gateway} 還在載入模型。", "請稍等片刻，再執行一次 doctor。"),
    that_server="那台伺服器",
    gateway_silent=Sentence(
        "{url} 沒有回應。",
        "請啟動 Cherry Studio，並開啟「設定 - API 伺服器」；如果那裡顯示的連接埠不同，請設定 BRIDGE_GATEWAY_URL。"
        "如果它在另一台機器上，請啟動通道。",
    ),
    gateway_moved=Sentence("{url} 沒有回應，但 Cherry Studio 在 {found}。", "請設定 BRIDGE_GATEWAY_URL={found}"),
    gateway_no_host=Sentence("找不到主機 {host}。", "請改正 BRIDGE_GATEWAY_URL。"),
    gateway_far=Sentence(
        "{seconds:g} 秒內連不上 {url}。",
        "那台機器開著嗎？Cherry Studio 只監聽 127.0.0.1：從別的機器存取需要 SSH 通道。",
    ),
    gateway_hangs_up=Sentence(
        "{url} 立刻中斷連線：通道另一頭的 Cherry Studio 沒有執行時就是這樣。",
        "請在那一頭啟動 Cherry Studio，並開啟「設定 - API 伺服器」；如果那裡顯示的連接埠不同，請讓通道通向它。",
    ),
    gateway_mute=Sentence(
        "{url} 接受連線，但沒有回應。",
        "如果那裡是一條通道，它已經卡住：請檢查另一頭的電腦。否則請重新啟動 Cherry Studio。",
    ),
    gateway_stranger=Sentence(
        "連接埠被別的程式佔用：在 {url} 回應的不是 Cherry Studio 的 API 伺服器。",
        "請關掉那個程式，或者在 Cherry Studio「設定 - API 伺服器」裡換一個連接埠，並相應設定 BRIDGE_GATEWAY_URL。",
    ),
    gateway_displaced=Sentence(
        "在 {url} 回應的是別的程式；Cherry Studio 在 {found}。", "請設定 BRIDGE_GATEWAY_URL={found}"
    ),
    gateway_failed=Sentence("{url}：{why}", "請在「設定 - API 伺服器」裡重新啟動 Cherry Studio 的 API 伺服器。"),
    gateway_failed_other=Sentence(
        "{url}：{why}", "請看看 {gateway} 的記錄；如果它需要金鑰，請設定 BRIDGE_GATEWAY_KEY。"
    ),
    own_fine=Sentence("自帶閘道在內部執行；{path} 裡的服務商：{count} 個。"),
    own_fault=Sentence("{why}", "請改正這個檔案，寫法見 docs/gateway.zh-CN.md。"),
    own_provider=Sentence("{provider}：{why}", "請試一試：cherry-bridge gateway test {provider}"),
    own_provider_untaken=Sentence("{provider}：{why}", "請檢查名稱、位址和金鑰，再輸入一次。"),
    own_models_none=Sentence("沒有服務商提供可以聊天的模型。", "請新增一個：cherry-bridge gateway add openai"),
    speech_fine=Sentence("{url} 接受錄音，由 {model} 轉寫。"),
    speech_away=Sentence("連不上語音服務 {url}（{why}）。", "請啟動它，或改正 BRIDGE_SPEECH_URL。"),
    speech_refused=Sentence(
        "語音服務 {url} 不接受錄音（HTTP {status}）。", "請檢查 BRIDGE_SPEECH_KEY 和 BRIDGE_SPEECH_MODEL。"
    ),
    speech_speaks=Sentence("{model} 能朗讀。"),
    speech_mute=Sentence("{model} 不能朗讀（{why}）。", "請檢查 BRIDGE_SPEECH_VOICE_MODEL 和 BRIDGE_SPEECH_VOICE。"),
    speech_no_opus=Sentence("{model} 產生的不是 Opus 而是 {format}，所以語音回答是檔案，不是語音訊息。"),
    key_fine=Sentence("金鑰有效。"),
    key_none=Sentence("沒有設定金鑰，閘道也不要求。"),
    key_missing=Sentence("缺少金鑰。", "請把 BRIDGE_GATEWAY_KEY 設為 Cherry Studio「設定 - API 伺服器」裡顯示的金鑰。"),
    key_wrong=Sentence("金鑰不對。", "請從 Cherry Studio「設定 - API 伺服器」重新複製金鑰，填入 BRIDGE_GATEWAY_KEY。"),
    key_missing_other=Sentence("缺少金鑰。", "請把 BRIDGE_GATEWAY_KEY 設為 {gateway} 接受的金鑰。"),
    key_wrong_other=Sentence("金鑰不對。", "請把 BRIDGE_GATEWAY_KEY 設為 {gateway} 接受的金鑰。"),
    one_model="1 個模型",
    many_models="{count} 個模型",
    models_learned=Sentence("{model} 拒絕過通常的請求，所以改了提問方式：{quirks}。/models fresh 會忘掉這些。"),
    models_fine=Sentence("有 {models}可以聊天，來自 {providers}。"),
    models_no_list=Sentence("{url} 有回應，但沒有模型列表。", "如果 BRIDGE_MODEL 已是它的模型，無需處理；否則請設定。"),
    models_none=Sentence("閘道沒有提供任何可以聊天的模型。", "請在 Cherry Studio 的設定裡啟用一個填好金鑰的服務商。"),
    models_none_other=Sentence("{gateway} 沒有提供任何可以聊天的模型。", "請在那裡新增或載入一個。"),
    models_unusable_other=Sentence(
        "另有 {models}列在其中，但不能用來聊天，或者只能透過 /v1/responses 使用，例如 {example}。", "無需處理。"
    ),
    models_unusable=Sentence(
        "另有 {models}列在其中，但不能用來聊天，例如 {example}。",
        "無需處理；其中的聊天模型在 Cherry Studio 2 裡可以使用。",
    ),
    model_gone=Sentence(
        "BRIDGE_MODEL 是 {model}，閘道沒有提供它。",
        "請在 Cherry Studio 裡啟用它的服務商，或者把 BRIDGE_MODEL 設為相近的模型：{nearest}",
    ),
    model_gone_other=Sentence(
        "BRIDGE_MODEL 是 {model}，{gateway} 沒有提供它。", "請把 BRIDGE_MODEL 設為相近的模型：{nearest}"
    ),
    model_nowhere=Sentence(
        "{variable} 寫的是 {model}，各閘道（{gateways}）都不提供。", "請把 {variable} 設成相近的一個：{nearest}"
    ),
    model_gone_v1=Sentence(
        "BRIDGE_MODEL 是 {model}，這個閘道沒有提供它："
        "Cherry Studio 1.x 既不提供 Gemini，也不提供內建的 OpenAI（/v1/responses）。",
        "請把它新增為 OpenAI 類型的服務商，或升級到 2，或者把 BRIDGE_MODEL 設為相近的模型：{nearest}",
    ),
    model_unusable=Sentence(
        "BRIDGE_MODEL 是 {model}，它雖然列出，卻不能用來聊天。", "請把 BRIDGE_MODEL 設為相近的模型：{nearest}"
    ),
    answer_fine=Sentence("{model} 能回答，{seconds:.1f} 秒後出現第一個字。"),
    answer_silent=Sentence(
        "{model} 在 {seconds:g} 秒內沒有說一個字。",
        "它可能正在載入或思考：請再執行一次 doctor；如果仍然沒有回答，請把 BRIDGE_MODEL 設為別的模型。",
    ),
    answer_key=Sentence("{why}", "請在 Cherry Studio 開啟「設定 - 模型服務 - {provider}」，點 API 金鑰旁的「檢測」。"),
    answer_key_other=Sentence("{why}", "請在 {gateway} 裡改正那個金鑰，或者把 BRIDGE_MODEL 設為別的模型。"),
    answer_off_other=Sentence("{why}", "請看看 {gateway} 是否還在執行，再執行一次 doctor。"),
    answer_failed_other=Sentence("{model}：{why}", "請看看 {gateway} 的記錄，或者把 BRIDGE_MODEL 設為別的模型。"),
    answer_balance=Sentence("{why}", "請給 {provider} 的帳戶儲值，或者把 BRIDGE_MODEL 設為別的模型。"),
    answer_limited=Sentence("{why}", "請等一分鐘再執行 doctor，或者把 BRIDGE_MODEL 設為別的模型。"),
    answer_gone=Sentence("{why}", "請把 BRIDGE_MODEL 設為別的模型；cherry-bridge models 會列出全部。"),
    answer_off=Sentence("{why}", "請看看 Cherry Studio 是否還在執行，再執行一次 doctor。"),
    answer_failed=Sentence(
        "{model}：{why}",
        "請在 Cherry Studio 裡直接試它：如果那裡也失敗，請在那裡修好它的服務商，或者把 BRIDGE_MODEL 設為別的模型。",
    ),
    data_fine=Sentence("{path} 可以寫入。"),
    data_refused=Sentence("{path} 不能寫入（{why}）。", "請把 BRIDGE_DATA_DIR 設為一個你能寫入的資料夾。"),
    data_full=Sentence("{path} 只剩 {megabytes} MB 空間。", "請騰出空間，或者把 BRIDGE_DATA_DIR 設到別處。"),
    store_fine=Sentence("{server} {version}，往返 {milliseconds:.1f} 毫秒。"),
    store_embedded=Sentence("內建的 {server} {version} 運作正常，往返 {milliseconds:.1f} 毫秒。"),
    store_refused=Sentence(
        "{why}", "請啟動那個 Redis 或改正 BRIDGE_REDIS_URL（密碼寫在主機前面：:密碼@）；刪掉它就會使用內建儲存。"
    ),
    store_embedded_refused=Sentence("{why}", "請排除上述原因，或者把 BRIDGE_REDIS_URL 設為你自己的 Redis。"),
    store_forgets=Sentence(
        "Redis 不往磁碟寫任何東西：它一重新啟動，訊息和對話就沒了。",
        "請在 redis.conf 裡設定 appendonly yes，或立即執行：redis-cli config set appendonly yes",
    ),
    store_snapshots=Sentence(
        "Redis 只做快照：它一旦當掉，最後幾分鐘的內容就沒了。",
        "請在 redis.conf 裡設定 appendonly yes，或立即執行：redis-cli config set appendonly yes",
    ),
    store_unwritten=Sentence("Redis 寫磁碟失敗。", "請騰出它的磁碟空間，並查看它的日誌；在此之前它會拒絕寫入。"),
    store_evicts=Sentence(
        "Redis 可能會刪除等待處理的訊息（maxmemory-policy 是 {policy}）。",
        "請設定 maxmemory-policy noeviction，或立即執行：redis-cli config set maxmemory-policy noeviction",
    ),
    store_replica=Sentence("這個 Redis 是唯讀副本，不接受寫入。", "請把 BRIDGE_REDIS_URL 設為它的主節點。"),
    store_slow=Sentence(
        "到 Redis 往返要 {milliseconds:.0f} 毫秒；每則訊息都要往返好幾次。",
        "請讓 cherry-bridge 和它的 Redis 離得近一些。",
    ),
    too_slow=Sentence("這項檢查 {seconds:g} 秒內沒有結果。", "位址對嗎？中間有防火牆或 VPN 嗎？"),
    crashed=Sentence("這項檢查本身出錯了（{why}）。", "請帶上以上各行，到你取得本程式的地方回報。"),
    all_fine="執行所需的一切都已就緒。",
    some_wrong="需要處理的有 {count} 項。",
)

INIT = InitWords(
    no_terminal="cherry-bridge init 要提問，所以需要終端機。沒有終端機時請手寫 .env：docs/settings.md 列出了所有設定，"
    "cherry-bridge doctor 會檢查它們。",
    hello="現在來設定 cherry-bridge。每個回答都會馬上試用，並儲存在 {path}。\n"
    "直接按 Enter 表示保留或跳過；按 Ctrl-C 停止，已經回答的會保留。",
    kept_file="{path} 已經存在，裡面的內容會保留。",
    kept_answers="已停止。已經回答的儲存在 {path}；再執行 cherry-bridge init 可以繼續。",
    not_written="{path} 不能寫入：{why}",
    hidden="{ask}（輸入或貼上時不會顯示）",
    keep="{ask} [{value}]",
    keep_hidden="{ask}（不會顯示；直接按 Enter 保留現有的）",
    from_environment="{variable} 已在環境變數裡設定，優先於 .env，將使用那個值。",
    trying="正在試用…",
    retry="再試一次嗎？[Y/n]",
    again_or_skip="不對：{format_hint}請再試一次，或者直接按 Enter 跳過。",
    skipped="已跳過。",
    gateway="模型在哪裡",
    gateway_found="在 {url} 找到了。",
    gateway_not_found="在這台電腦的常用連接埠上沒有找到 Cherry Studio。",
    gateway_where="在 Cherry Studio 裡開啟「設定 - API 伺服器」並啟動它，那裡會顯示位址。",
    gateway_any="相容 OpenAI 的伺服器都可以：LiteLLM、Ollama、OpenRouter 等等。",
    gateway_ask="它的位址",
    gateway_shape="位址形如 http://127.0.0.1:23333。",
    key_ask="它的 API 金鑰",
    key_where="在 Cherry Studio 裡開啟「設定 - API 伺服器」，複製 API 金鑰（以 cs-sk- 開頭）。",
    key_where_other="請輸入 {gateway} 接受的金鑰；如果它不需要，直接按 Enter。",
    choice="1 這台電腦上的 Cherry Studio\n2 另一台電腦上的 Cherry Studio\n"
    "3 其他閘道：LiteLLM、Ollama、OpenRouter 等\n4 沒有閘道：我有服務商的金鑰，例如 OpenAI、DeepSeek",
    choice_ask="模型在哪裡？[1]",
    choice_shape="請輸入 1 到 4 的數字，或者位址，例如 http://127.0.0.1:23333。",
    choice_tunnel="請先按 docs/tunnel.zh-CN.md 建好通道，位址填它在本機的一端。",
    provider_ask="哪個服務商？名稱，或者其他服務商的位址",
    provider_known="可以直接用名稱的：{names}。",
    provider_shape="請寫上面的名稱之一，或者形如 https://api.example.com/v1 的位址。",
    provider_key="它的金鑰",
    provider_kept="這個服務商叫 {provider}，位址和金鑰已寫入 {path}。cherry-bridge 會執行自帶的閘道。",
    model_ask="新聊天使用的模型：provider:model 或名稱的一部分；直接按 Enter 使用 {model}",
    model_shape="沒有唯一符合的模型。相近的有：{nearest}",
    channels="平台",
    channels_first="要設定哪個？輸入編號，可以是幾個，如 1 3；0 表示都不要，直接按 Enter 就是 {name}",
    channels_more="還要設定別的，或者修改？輸入編號；直接按 Enter 繼續",
    channels_shape="請輸入 0 到 {most} 的編號。",
    channel_known="{name}（已設定）",
    done="完成：{path} 已寫好，只有你能讀取。",
    nothing="還沒有設定平台。執行 {program} chat 可以就在這裡聊，執行 {program} init 可以繼續設定。",
    start="現在啟動機器人嗎？第一個把它顯示的認領碼傳給它的人會成為主人。[Y/n]",
    later="啟動它：{program} run\n如果有問題：{program} doctor",
)

INBOX = InboxWords(
    set_aside="已擱置：{count} 則",
    set_aside_none="沒有擱置任何訊息。",
    unknown_sender="傳送者不明",
    unknown_chat="聊天不明",
    kinds={
        "question": "提問",
        "command": "指令 /{name}",
        "notice": "程式自己的通知（{name}）",
        "move": "聊天換到另一個 ID",
        "unreadable": "這個版本無法解讀的項目",
    },
    why_failed="每次嘗試都失敗了",
    why_crashed="每次處理它的行程都崩潰了",
    why_unreadable="無法解讀；較新的版本也許可以",
    why_refused="平台拒絕了回覆：{detail}",
    hint="cherry-bridge inbox retry ID 讓它重新排隊，drop ID 把它丟棄，list --show 顯示說了什麼。",
    waiting="佇列裡：{jobs} 則（正在回答：{under_way}，聊天數：{chats}，最早的已等了 {age}）",
    waiting_none="佇列裡沒有等待的訊息。",
    put_back="{id} 已重新排隊。",
    dropped="{id} 已丟棄。",
    stays_unreadable="{id} 仍然擱置：這個版本無法解讀。",
    stays_homeless="{id} 仍然擱置：不知道它是傳給哪個機器人帳號的。",
    unknown="擱置的訊息裡沒有 {id}。cherry-bridge inbox list 會列出全部。",
    drop_all="永久丟棄全部 {count} 則？[y/N]",
    drop_needs_yes="這裡沒有終端機可以確認。要永久丟棄全部 {count} 則，請加上 --yes。",
    nothing_dropped="沒有丟棄任何訊息。",
)
