"""简体中文。"""

from bridge.diagnostics import Sentence
from bridge.words.shell.words import DoctorWords, InboxWords, InitWords

DOCTOR = DoctorWords(
    settings_fine=Sentence("所有设置都可用。"),
    settings_wrong=Sentence("{problem}", "请在 .env 或环境变量里改正。"),
    settings_unknown=Sentence("{problem}", "请在 .env 或环境变量里改名或删除。"),
    settings_slip=Sentence("{name} 不是本程序的设置。", "请改名为 {near}。"),
    settings_readable=Sentence("这台机器上的其他人可以读取 .env 里的密钥。", "请执行：chmod 600 .env"),
    channel_unknown=Sentence("BRIDGE_CHANNELS 里的 {name} 不是渠道。", "可选的有 {names}。"),
    channel_incomplete=Sentence("{variables} 没有设置，{name} 无法使用。", "请执行：cherry-bridge init"),
    channel_unused=Sentence("没有使用。"),
    channel_none=Sentence("还没有设置任何平台。", "请执行：cherry-bridge init（或者就在这里聊：cherry-bridge chat）。"),
    settings_newer=Sentence(
        "机器人用的是启动时读取的设置；.env 之后改过。",
        "请重启机器人。只有 .env 和环境变量的更改需要重启。",
    ),
    web_read=Sentence(
        "所有者可以在管理页面上查看对话；当事人会被告知一次。",
        "如果不需要，请去掉 BRIDGE_WEB_READ 并重启机器人。",
    ),
    proxy_harmless=Sentence(
        "系统代理（{names}）会截走发往 {host} 的请求。cherry-bridge 访问网关时从不使用代理，不受影响。",
        "cherry-bridge 无需处理；本机其他程序需要 NO_PROXY=127.0.0.1,localhost。",
    ),
    gateway_fine=Sentence("{url} 是 Cherry Studio {version}。"),
    gateway_other=Sentence("{url} 是兼容 OpenAI 的服务器，但不是 Cherry Studio。"),
    gateway_named=Sentence("{url} 是兼容 OpenAI 的服务器，但不是 Cherry Studio。看起来是 {gateway}。"),
    gateway_loading=Sentence("{url} 上的 {gateway} 还在加载模型。", "请稍等片刻，再运行一次 doctor。"),
    that_server="那台服务器",
    gateway_silent=Sentence(
        "{url} 没有应答。",
        "请启动 Cherry Studio，并打开“设置 - API 服务器”；如果那里显示的端口不同，请设置 BRIDGE_GATEWAY_URL。"
        "如果它在另一台机器上，请启动隧道。",
    ),
    gateway_moved=Sentence("{url} 没有应答，但 Cherry Studio 在 {found}。", "请设置 BRIDGE_GATEWAY_URL={found}"),
    gateway_no_host=Sentence("找不到主机 {host}。", "请改正 BRIDGE_GATEWAY_URL。"),
    gateway_far=Sentence(
        "{seconds:g} 秒内连不上 {url}。",
        "那台机器开着吗？Cherry Studio 只监听 127.0.0.1：从别的机器访问需要 SSH 隧道。",
    ),
    gateway_hangs_up=Sentence(
        "{url} 立刻断开连接：隧道另一头的 Cherry Studio 没有运行时就是这样。",
        "请在那一头启动 Cherry Studio，并打开“设置 - API 服务器”；如果那里显示的端口不同，请让隧道通向它。",
    ),
    gateway_mute=Sentence(
        "{url} 接受连接，但没有应答。",
        "如果那里是一条隧道，它已经卡住：请检查另一头的电脑。否则请重启 Cherry Studio。",
    ),
    gateway_stranger=Sentence(
        "端口被别的程序占用：在 {url} 应答的不是 Cherry Studio 的 API 服务器。",
        "请关掉那个程序，或者在 Cherry Studio“设置 - API 服务器”里换一个端口，并相应设置 BRIDGE_GATEWAY_URL。",
    ),
    gateway_displaced=Sentence(
        "在 {url} 应答的是别的程序；Cherry Studio 在 {found}。", "请设置 BRIDGE_GATEWAY_URL={found}"
    ),
    gateway_failed=Sentence("{url}：{why}", "请在“设置 - API 服务器”里重启 Cherry Studio 的 API 服务器。"),
    gateway_failed_other=Sentence(
        "{url}：{why}", "请看看 {gateway} 的日志；如果它需要密钥，请设置 BRIDGE_GATEWAY_KEY。"
    ),
    own_fine=Sentence("自带网关在内部运行；{path} 里的服务商：{count} 个。"),
    own_fault=Sentence("{why}", "请改正这个文件，写法见 docs/gateway.zh-CN.md。"),
    own_provider=Sentence("{provider}：{why}", "请试一试：cherry-bridge gateway test {provider}"),
    own_provider_untaken=Sentence("{provider}：{why}", "请检查名称、地址和密钥，再输入一次。"),
    own_models_none=Sentence("没有服务商提供可以聊天的模型。", "请添加一个：cherry-bridge gateway add openai"),
    speech_fine=Sentence("{url} 接受录音，由 {model} 转写。"),
    speech_away=Sentence("连不上语音服务 {url}（{why}）。", "请启动它，或改正 BRIDGE_SPEECH_URL。"),
    speech_refused=Sentence(
        "语音服务 {url} 不接受录音（HTTP {status}）。", "请检查 BRIDGE_SPEECH_KEY 和 BRIDGE_SPEECH_MODEL。"
    ),
    speech_speaks=Sentence("{model} 能朗读。"),
    speech_mute=Sentence("{model} 不能朗读（{why}）。", "请检查 BRIDGE_SPEECH_VOICE_MODEL 和 BRIDGE_SPEECH_VOICE。"),
    speech_no_opus=Sentence("{model} 生成的不是 Opus 而是 {format}，所以语音回答是文件，不是语音消息。"),
    key_fine=Sentence("密钥有效。"),
    key_none=Sentence("没有设置密钥，网关也不要求。"),
    key_missing=Sentence("缺少密钥。", "请把 BRIDGE_GATEWAY_KEY 设为 Cherry Studio“设置 - API 服务器”里显示的密钥。"),
    key_wrong=Sentence("密钥不对。", "请从 Cherry Studio“设置 - API 服务器”重新复制密钥，填入 BRIDGE_GATEWAY_KEY。"),
    key_missing_other=Sentence("缺少密钥。", "请把 BRIDGE_GATEWAY_KEY 设为 {gateway} 接受的密钥。"),
    key_wrong_other=Sentence("密钥不对。", "请把 BRIDGE_GATEWAY_KEY 设为 {gateway} 接受的密钥。"),
    one_model="1 个模型",
    many_models="{count} 个模型",
    models_learned=Sentence("{model} 拒绝过通常的请求，所以改了提问方式：{quirks}。/models fresh 会忘掉这些。"),
    models_fine=Sentence("有 {models}可以聊天，来自 {providers}。"),
    models_no_list=Sentence("{url} 有应答，但没有模型列表。", "如果 BRIDGE_MODEL 已是它的模型，无需处理；否则请设置。"),
    models_none=Sentence("网关没有提供任何可以聊天的模型。", "请在 Cherry Studio 的设置里启用一个填好密钥的服务商。"),
    models_none_other=Sentence("{gateway} 没有提供任何可以聊天的模型。", "请在那里添加或加载一个。"),
    models_unusable_other=Sentence(
        "另有 {models}列在其中，但不能用来聊天，或者只能通过 /v1/responses 使用，例如 {example}。", "无需处理。"
    ),
    models_unusable=Sentence(
        "另有 {models}列在其中，但不能用来聊天，例如 {example}。",
        "无需处理；其中的聊天模型在 Cherry Studio 2 里可以使用。",
    ),
    model_gone=Sentence(
        "BRIDGE_MODEL 是 {model}，网关没有提供它。",
        "请在 Cherry Studio 里启用它的服务商，或者把 BRIDGE_MODEL 设为相近的模型：{nearest}",
    ),
    model_gone_other=Sentence(
        "BRIDGE_MODEL 是 {model}，{gateway} 没有提供它。", "请把 BRIDGE_MODEL 设为相近的模型：{nearest}"
    ),
    model_nowhere=Sentence(
        "{variable} 写的是 {model}，各网关（{gateways}）都不提供。", "请把 {variable} 设成相近的一个：{nearest}"
    ),
    model_gone_v1=Sentence(
        "BRIDGE_MODEL 是 {model}，这个网关没有提供它："
        "Cherry Studio 1.x 既不提供 Gemini，也不提供内置的 OpenAI（/v1/responses）。",
        "请把它添加为 OpenAI 类型的服务商，或升级到 2，或者把 BRIDGE_MODEL 设为相近的模型：{nearest}",
    ),
    model_unusable=Sentence(
        "BRIDGE_MODEL 是 {model}，它虽然列出，却不能用来聊天。", "请把 BRIDGE_MODEL 设为相近的模型：{nearest}"
    ),
    answer_fine=Sentence("{model} 能回答，{seconds:.1f} 秒后出现第一个字。"),
    answer_silent=Sentence(
        "{model} 在 {seconds:g} 秒内没有说一个字。",
        "它可能正在加载或思考：请再运行一次 doctor；如果仍然没有回答，请把 BRIDGE_MODEL 设为别的模型。",
    ),
    answer_key=Sentence("{why}", "请在 Cherry Studio 打开“设置 - 模型服务 - {provider}”，点 API 密钥旁的“检测”。"),
    answer_key_other=Sentence("{why}", "请在 {gateway} 里改正那个密钥，或者把 BRIDGE_MODEL 设为别的模型。"),
    answer_off_other=Sentence("{why}", "请看看 {gateway} 是否还在运行，再运行一次 doctor。"),
    answer_failed_other=Sentence("{model}：{why}", "请看看 {gateway} 的日志，或者把 BRIDGE_MODEL 设为别的模型。"),
    answer_balance=Sentence("{why}", "请给 {provider} 的账户充值，或者把 BRIDGE_MODEL 设为别的模型。"),
    answer_limited=Sentence("{why}", "请等一分钟再运行 doctor，或者把 BRIDGE_MODEL 设为别的模型。"),
    answer_gone=Sentence("{why}", "请把 BRIDGE_MODEL 设为别的模型；cherry-bridge models 会列出全部。"),
    answer_off=Sentence("{why}", "请看看 Cherry Studio 是否还在运行，再运行一次 doctor。"),
    answer_failed=Sentence(
        "{model}：{why}",
        "请在 Cherry Studio 里直接试它：如果那里也失败，请在那里修好它的服务商，或者把 BRIDGE_MODEL 设为别的模型。",
    ),
    data_fine=Sentence("{path} 可以写入。"),
    data_refused=Sentence("{path} 不能写入（{why}）。", "请把 BRIDGE_DATA_DIR 设为一个你能写入的文件夹。"),
    data_full=Sentence("{path} 只剩 {megabytes} MB 空间。", "请腾出空间，或者把 BRIDGE_DATA_DIR 设到别处。"),
    store_fine=Sentence("{server} {version}，往返 {milliseconds:.1f} 毫秒。"),
    store_embedded=Sentence("内置的 {server} {version} 工作正常，往返 {milliseconds:.1f} 毫秒。"),
    store_refused=Sentence(
        "{why}", "请启动那个 Redis 或改正 BRIDGE_REDIS_URL（密码写在主机前面：:密码@）；删掉它就会使用内置存储。"
    ),
    store_embedded_refused=Sentence("{why}", "请排除上述原因，或者把 BRIDGE_REDIS_URL 设为你自己的 Redis。"),
    store_forgets=Sentence(
        "Redis 不往磁盘写任何东西：它一重启，消息和对话就没了。",
        "请在 redis.conf 里设置 appendonly yes，或立即执行：redis-cli config set appendonly yes",
    ),
    store_snapshots=Sentence(
        "Redis 只做快照：它一旦崩溃，最后几分钟的内容就没了。",
        "请在 redis.conf 里设置 appendonly yes，或立即执行：redis-cli config set appendonly yes",
    ),
    store_unwritten=Sentence("Redis 写磁盘失败。", "请腾出它的磁盘空间，并查看它的日志；在此之前它会拒绝写入。"),
    store_evicts=Sentence(
        "Redis 可能会删除等待处理的消息（maxmemory-policy 是 {policy}）。",
        "请设置 maxmemory-policy noeviction，或立即执行：redis-cli config set maxmemory-policy noeviction",
    ),
    store_replica=Sentence("这个 Redis 是只读副本，不接受写入。", "请把 BRIDGE_REDIS_URL 设为它的主节点。"),
    store_slow=Sentence(
        "到 Redis 往返要 {milliseconds:.0f} 毫秒；每条消息都要往返好几次。",
        "请让 cherry-bridge 和它的 Redis 离得近一些。",
    ),
    too_slow=Sentence("这项检查 {seconds:g} 秒内没有结果。", "地址对吗？中间有防火墙或 VPN 吗？"),
    crashed=Sentence("这项检查本身出错了（{why}）。", "请带上以上各行，到你获取本程序的地方反馈。"),
    all_fine="运行所需的一切都已就绪。",
    some_wrong="需要处理的有 {count} 项。",
)

INIT = InitWords(
    no_terminal="cherry-bridge init 要提问，所以需要终端。没有终端时请手写 .env：docs/settings.md 列出了所有设置，"
    "cherry-bridge doctor 会检查它们。",
    hello="现在来设置 cherry-bridge。每个回答都会马上试用，并保存在 {path}。\n"
    "直接按回车表示保留或跳过；按 Ctrl-C 停止，已经回答的会保留。",
    kept_file="{path} 已经存在，里面的内容会保留。",
    kept_answers="已停止。已经回答的保存在 {path}；再运行 cherry-bridge init 可以继续。",
    not_written="{path} 不能写入：{why}",
    hidden="{ask}（输入或粘贴时不会显示）",
    keep="{ask} [{value}]",
    keep_hidden="{ask}（不会显示；直接回车保留现有的）",
    from_environment="{variable} 已在环境变量里设置，优先于 .env，将使用那个值。",
    trying="正在试用…",
    retry="再试一次吗？[Y/n]",
    again_or_skip="不对：{format_hint}请再试一次，或者直接按回车跳过。",
    skipped="已跳过。",
    gateway="模型在哪里",
    gateway_found="在 {url} 找到了。",
    gateway_not_found="在这台电脑的常用端口上没有找到 Cherry Studio。",
    gateway_where="在 Cherry Studio 里打开“设置 - API 服务器”并启动它，那里会显示地址。",
    gateway_any="兼容 OpenAI 的服务器都可以：LiteLLM、Ollama、OpenRouter 等等。",
    gateway_ask="它的地址",
    gateway_shape="地址形如 http://127.0.0.1:23333。",
    key_ask="它的 API 密钥",
    key_where="在 Cherry Studio 里打开“设置 - API 服务器”，复制 API 密钥（以 cs-sk- 开头）。",
    key_where_other="请输入 {gateway} 接受的密钥；如果它不需要，直接按回车。",
    choice="1 这台电脑上的 Cherry Studio\n2 另一台电脑上的 Cherry Studio\n"
    "3 其他网关：LiteLLM、Ollama、OpenRouter 等\n4 没有网关：我有服务商的密钥，例如 OpenAI、DeepSeek",
    choice_ask="模型在哪里？[1]",
    choice_shape="请输入 1 到 4 的数字，或者地址，例如 http://127.0.0.1:23333。",
    choice_tunnel="请先按 docs/tunnel.zh-CN.md 建好隧道，地址填它在本机的一端。",
    provider_ask="哪个服务商？名称，或者其他服务商的地址",
    provider_known="可以直接用名称的：{names}。",
    provider_shape="请写上面的名称之一，或者形如 https://api.example.com/v1 的地址。",
    provider_key="它的密钥",
    provider_kept="这个服务商叫 {provider}，地址和密钥已写入 {path}。cherry-bridge 会运行自带的网关。",
    model_ask="新聊天使用的模型：provider:model 或名称的一部分；直接回车使用 {model}",
    model_shape="没有唯一符合的模型。相近的有：{nearest}",
    channels="平台",
    channels_first="要设置哪个？输入编号，可以是几个，如 1 3；0 表示都不要，直接按回车就是 {name}",
    channels_more="还要设置别的，或者修改？输入编号；直接按回车继续",
    channels_shape="请输入 0 到 {most} 的编号。",
    channel_known="{name}（已设置）",
    done="完成：{path} 已写好，只有你能读取。",
    nothing="还没有设置平台。运行 {program} chat 可以就在这里聊，运行 {program} init 可以继续设置。",
    start="现在启动机器人吗？第一个把它显示的认领码发给它的人会成为主人。[Y/n]",
    later="启动它：{program} run\n如果有问题：{program} doctor",
)

INBOX = InboxWords(
    set_aside="已搁置：{count} 条",
    set_aside_none="没有搁置任何消息。",
    unknown_sender="发送者不明",
    unknown_chat="聊天不明",
    kinds={
        "question": "提问",
        "command": "命令 /{name}",
        "notice": "程序自己的通知（{name}）",
        "move": "聊天换到另一个 ID",
        "unreadable": "这个版本读不出来的条目",
    },
    why_failed="每次尝试都失败了",
    why_crashed="每次处理它的进程都崩溃了",
    why_unreadable="读不出来；更新的版本也许可以",
    why_refused="平台拒绝了回复：{detail}",
    hint="cherry-bridge inbox retry ID 让它重新排队，drop ID 把它丢弃，list --show 显示说了什么。",
    waiting="队列里：{jobs} 条（正在回答：{under_way}，聊天数：{chats}，最早的已等了 {age}）",
    waiting_none="队列里没有等待的消息。",
    put_back="{id} 已重新排队。",
    dropped="{id} 已丢弃。",
    stays_unreadable="{id} 仍然搁置：这个版本读不出来。",
    stays_homeless="{id} 仍然搁置：不知道它是发给哪个机器人账号的。",
    unknown="搁置的消息里没有 {id}。cherry-bridge inbox list 会列出全部。",
    drop_all="永久丢弃全部 {count} 条？[y/N]",
    drop_needs_yes="这里没有终端可以确认。要永久丢弃全部 {count} 条，请加上 --yes。",
    nothing_dropped="没有丢弃任何消息。",
)
