# 界面文字（简体中文）。以 step-、row-、do-、place- 开头的键名由程序内部的 id 拼成。
# 不用弯引号、破折号和省略号：它们在不同终端里的宽度不一样，会让列对不齐。

## The frame

rehearsal = 演练
new-site = 新站点
too-small = 窗口太小：至少需要 { $columns } 列 { $rows } 行。
link = 连接
link-none = 未连接
link-local = 本机
link-connecting = 正在连接
link-lost = 连接已断开 { $time }
link-gone = 连接已放弃
help-title = 此处可用的按键
notice-saved = 已写入 { $path }。
notice-copied = 已发送到终端剪贴板。tmux 和剪贴板工具可能会保留它。
notice-too-long = 内容超出终端剪贴板的长度限制，未发送。请改为保存到文件。
notice-busy = 上一个请求还没有处理完，请稍后再试。
and-more = 另有 { $count } 项

## Places

place-start = 开始
place-host = 主机
place-facts = 检查
place-names = 名称
place-compute = 算力
place-registry = 仓库
place-plan = 计划
place-install = 安装
place-credentials = 凭据
place-done = 完成

## Start

start-title = 要做什么？
start-install = 安装模型仓库
start-install-why = 先填五个简短的页面，然后给出安装计划。在您看过计划并同意之前，不会改动主机上的任何东西。
start-check = 检查主机
start-check-why = 检查主机能否承载模型仓库，并对每个问题给出解决办法。不做任何改动。
start-resume = 继续安装 { $site }：已完成 { $done } 步，共 { $all } 步
start-resume-why = 这个站点的安装开始过，但没有完成。将从中断处继续，每一步都会先重新检查。
start-rehearse = 演练
start-rehearse-why = 用同样的界面、计划和引擎在一台模拟的主机上走一遍。大约一分钟，不需要任何东西，也不改动任何东西。
start-site = { $site }：重新检查
start-site-why = 这个站点上次的安装已经完成。再次安装时，状态正确的部分不会有任何改动。
start-browse = 浏览 { $site } 的仓库
start-browse-why = 其中有什么、Triton 会加载哪些模型、空间用在何处。不作任何更改。
status-start = 尚未发送任何数据。

## Host

host-title = 模型仓库装在哪里？
host-local = 本机
host-ssh = 通过 SSH 连接的另一台主机
host-address = 地址
host-none = 请输入主机地址，或选择本机。
host-port = 端口
host-known = 来自您的 ssh 配置：
host-why = 地址就是您交给 ssh 的内容：主机名、用户@主机，或 ssh 配置中的别名。使用您自己的 OpenSSH，包括它的密钥、代理和跳板机，主机密钥始终会被验证。主机上需要 root 权限：通过 sudo，或直接以 root 登录。
host-rehearsed = 一台模拟主机
host-rehearsed-why = 页面、计划、步骤和引擎与真实安装完全相同，只是主机和集群是模拟的。最后的 S3 服务器是真的，运行在本程序内部。除一个临时目录外，不会触及任何东西。
status-nothing-sent = 尚未向主机发送任何数据。
status-question = 等待您的回答。
busy-looking = 正在检查主机。

## Questions

asks-ssh = 本机的 ssh 询问
asks-server = 服务器 { $host } 的消息
asks-sudo = { $host } 上的 sudo 要求输入 { $user } 的密码
asks-program = modelquay 询问
host-key-unknown = { $host } 的主机密钥未知
host-key-compare = 请与主机上的标签核对，或询问部署它的人。
host-key-nowhere = 任何 known_hosts 文件中都没有它。已变更的密钥不会在这里询问：遇到时一律停止。
key-stop = 停止
key-remember = 接受并记住
key-once = 仅本次接受
answer-refused = 上次的回答被拒绝。程序不会自动重试，因为账号可能被锁定。
answer-hidden = 输入的内容不会显示，只保留在内存中。

## Leaving and stopping

leave-title = 要离开吗？
leave-typed = 您输入的内容还没有写入任何文件。在计划页可以把它写成文件。
leave-unsaved-keys = 密钥尚未保存。它们留在集群里，以后可以取出：modelquay resume { $site } --credentials-file FILE
leave-rehearsed-keys = 这是演练的密钥：会随演练一起消失。
leave-running = 安装正在进行
detach-title = 要离开界面吗？
stop-title = 要停止安装吗？
stop-why = 当前步骤会运行到下一个安全点，然后不再继续。之后可以恢复安装。
choice-stay = 留在这里
choice-leave = 离开
choice-detach = 离开
choice-stop-copy = 不再复制
choice-hand-over = 交给主机，由它自行继续
choice-stop = 在下一个安全点停止
choice-go-on = 继续安装
choice-do-not = 不做
choice-make = 执行这些改动

## Facts

facts-none = 尚未检查主机。
facts-counts = { $pass } 项通过，{ $warn ->
    [0] 没有警告
   *[other] { $warn } 项警告
  }，{ $fail ->
    [0] 没有妨碍安装的问题。
   *[other] { $fail } 项妨碍安装。
  }
facts-stops = 标有 { $mark } 的问题会妨碍安装。请先解决，再重新检查。
check-only = 这次只做检查。要安装，请回到开始页。
cores = { $count } 核
free-on = { $mount } 剩余 { $size }
no-gpu = 无 GPU
gpus = { $count } 个 GPU
fix-by-install = 安装时会自动处理
fix-safe = 可以放心执行
fix-yours = 解决办法
fix-not-this = 这一项不能在这里修复。解决办法见下方。
fixes-none = 没有可以在这里安全修复的问题。
fixes-title = 现在将做以下改动
fixes-why = 这些改动只做增加，可以撤销，不会切断连接，也不会降低安全性。它们会被记录下来，供以后卸载时使用。
busy-fixes = 正在查看修复会改动什么。
busy-fixing = 正在修复。

## Fields

fields-more = 还有 { $count } 项
from-default = 默认值
from-facts = 来自主机
from-file = 来自文件
names-title = 名称和地址
compute-title = Triton 用什么运行
registry-title = 模型仓库
supply-title = 从哪里下载
status-names = 这些名称会同时写入 RKE2 的配置和仓库自己的证书。
status-compute = 模型仓库本身不需要 GPU。
status-registry = 这里的每一项都有默认值，适合单台主机、单块磁盘。
status-supply = 如果主机可以直接访问互联网，这里全部留空即可。
field-site = 站点
why-site = 站点在本机上的名称，用于文件名和日志。
field-compute = 算力
why-compute = 所选内容会写入应答文件。
field-address = 地址
why-address = 传给 ssh 的内容：ssh 配置中的别名、主机名，或 用户@主机。
field-port = 端口
why-port = sshd 监听的端口，如果不是 22。
field-node-name = 节点名称
why-node-name = 节点在集群中的名称。以后要改，只能重新搭建集群。
field-node-ip = 节点地址
why-node-ip = 访问仓库所用的地址。重启之后必须保持不变。
field-tls-san = 其他名称
why-tls-san = 每行一个：客户端访问这台主机会用到的所有名称和地址。漏掉的名称以后无法通过证书验证，而程序没有跳过验证的开关。
field-cluster-cidr = Pod 网段
why-cluster-cidr = 不能包含主机或其用户会访问的地址。
field-service-cidr = Service 网段
why-service-cidr = 不能包含主机或其用户会访问的地址，也不能与 Pod 网段重叠。
field-images = RKE2 镜像
why-images = 离线文件随 RKE2 版本发布，带校验和，以后重启不依赖任何镜像仓库。选择在线拉取时，首次启动需要能访问镜像仓库。
field-mirrors = 镜像源
why-mirrors = 每行一个，例如：docker.io = https://mirror.example。程序会先访问镜像源，再访问它所代替的仓库。
field-proxy = 代理
why-proxy = 主机访问外网用的代理，例如 http://proxy.example:3128，不含用户名和密码。集群自己的网段从不经过代理。
field-no-proxy = 不走代理
why-no-proxy = 每行一个：除集群自己的网段之外，需要直接访问的名称和网段。
field-extra-ca = 附加 CA
why-extra-ca = 本机上的一个 PEM 文件：主机下载时要信任的 CA，有些代理需要它。
field-components = 组件表
why-components = 本机上的文件，每行一个。其中的条目会替换程序自带的版本、地址和校验和。
field-tenant = 租户
why-tenant = MinIO 租户（Tenant）的名称。
field-namespace = 命名空间
why-namespace = 只放这个租户的命名空间。
field-volumes = 卷数
why-volumes = 1，或 4 到 16，全部在这台主机上。
field-capacity = 容量
why-capacity = 所有卷合计可以存放的数据量，例如 20GiB。
field-data-dir = 数据目录
why-data-dir = 卷在主机上的位置，只有 root 可以进入。最好放在单独的磁盘上：这样磁盘写满时只会影响上传，不会影响集群。
field-storage-class = 存储类
why-storage-class = 留空表示 local-path；也可以填写已有存储类的名称，例如 longhorn，这时卷的位置由它决定。
field-node-port = S3 端口
why-node-port = 30000 到 32767，在节点地址上开放。
field-console-port = 控制台端口
why-console-port = 留空时，控制台只能通过到主机的连接访问。
field-bucket = 存储桶
why-bucket = Triton 的模型仓库。名称可以包含 a 到 z、0 到 9、点和连字符。
field-versioning = 保留旧版本
why-versioning = 被覆盖或删除的内容可以找回。旧版本在过期之前会占用空间。
field-keep-versions = 保留旧版本数
why-keep-versions = 每个对象保留这么多个旧版本，无论它们有多旧。
field-quota = 配额
why-quota = auto（由剩余空间决定）、一个大小（例如 40GiB），或 none。配额是近似的：服务器在后台统计用量。
option-cpu = CPU
option-gpu = NVIDIA GPU
option-tarballs = 离线文件
option-pull = 在线拉取
compute-no-gpu = 主机上没有发现 NVIDIA GPU。
compute-gpus = 主机上发现了 { $count } 个 NVIDIA GPU。
compute-gpu-later = 本版本只记录这个选择，安装的仓库相同；暂时还不会安装 NVIDIA GPU Operator。
truth-disk = { $dir } 位于 { $device }，剩余 { $free }。
truth-erasure = 每个字节都存两份，分布在同一块磁盘的 { $volumes } 个卷上：可以防止静默数据损坏，但不能防止磁盘本身损坏。
truth-quota = local-path 不会强制限制容量；存储桶配额会，但只是大致限制。旧版本也计算在内。
truth-no-quota = 存储桶没有任何限制：它可能写满磁盘，而磁盘写满会使集群停止工作。

## Plan

plan-title = 将要改动的内容
plan-done = 无需改动
plan-waits = 等待
plan-waits-why = 只等待某个条件，不做改动。
plan-changes = { $count } 项改动
plan-in-the-way = 有冲突
plan-blocked = 要等这一步完成后才能知道更多：{ $step }。
plan-totals = 大约 { $minutes } 分钟；主机要下载 { $size }，都不经过您的连接。
plan-unknown-sizes = 另有 { $count } 个下载的大小还不知道。
plan-conflict = 有不属于 modelquay 的东西挡在前面（见 { $mark }）。这份计划尚未执行任何内容。
plan-agree = 尚未做任何改动。按 { $key } 同意这份计划并开始安装。
plan-agree-again = 这份计划尚未开始执行。按 { $key } 同意它并继续安装。
plan-nothing = 一切都已就绪，没有需要安装的内容。
status-nothing-changed = 尚未做任何改动。
status-plan-again = 上一次尝试已做的改动保留。这份计划尚未开始执行。
busy-planning = 正在逐步检查。
path-answers = 应答文件写到
path-report = 计划写到
path-log = 日志写到
path-hint = tab 键补全路径。已有的文件不会被覆盖。
path-choices = { $count ->
    [0] 没有以此开头的名称。
   *[other] 有 { $count } 个匹配的名称。
  }

## Install

took-typical = 约 { $time }
took-time = { $time } / 约 { $typical }
took-seen = { $time } 前所见
took-again = { $time } 后重试
took-nothing = 原已具备
took-unknown = 结果未知
bytes-of = { $done } / { $all }
bytes-so-far = { $done }，总大小尚不清楚
steps-more = 还有 { $count } 行
install-count = 已完成 { $done } / { $all } 步
install-left = { $minutes ->
    [1] 约剩 1 分钟
   *[other] 约剩 { $minutes } 分钟
  }
waits-for = 等待 { $condition }：已 { $time }，最长 { $limit }。
waits-saw = 最近所见：{ $seen }
goes-on-service = 「{ $step }」在主机上继续进行；{ $count ->
    [0] 后面没有等待的步骤。
   *[other] 其后的 { $count } 个步骤等待本程序。
  }
goes-on-unit = 「{ $step }」中已在主机上启动的部分会继续进行；{ $count ->
    [0] 其余部分等待本程序。
   *[other] 其余部分和其后的 { $count } 个步骤等待本程序。
  }
goes-on-perhaps = 不清楚「{ $step }」是否已在主机上启动；若已启动，那部分会继续。{ $count ->
    [0] 其余部分等待本程序。
   *[other] 其余部分和其后的 { $count } 个步骤等待本程序。
  }
goes-on-cluster = 为「{ $step }」交给集群的事，集群会自行完成；{ $count ->
    [0] 检查结果要等本程序来做。
   *[other] 检查结果和其后的 { $count } 个步骤等待本程序。
  }
goes-on-nothing = 「{ $step }」没有任何部分会自行继续；{ $count ->
    [0] 它等待本程序。
   *[other] 它和其后的 { $count } 个步骤等待本程序。
  }
goes-on-idle = 没有正在进行的步骤；一切都等待本程序。
goes-on-host = 主机自行完成安装：这台电脑、它的连接和这个终端都可以离开。
goes-on-other = 安装由 { $who } 进行，这里只是显示。
goes-on-rehearsal = 离开即结束演练，其中的一切都不会保留。
come-back-host = 要回来，请运行：modelquay attach { $site }
come-back = 要回来，请运行：modelquay resume { $site }
link-again = { $seconds ->
    [0] 正在重试
   *[other] { $seconds } 秒后重试
  }{ $attempt ->
    [0] （首次）。
   *[other] （已试 { $attempt } 次）。
  }
copying-title = 正在把程序复制到主机
copying-begins = 正在打包本程序。安装同时继续；按 d 停止复制。
copying = 正在把本程序复制到主机：{ $done } / { $all }，大约还需 { $left }。安装同时继续；按 d 停止复制。
status-handing = 主机正在接手安装，马上开始。
not-stopped-here = 安装不是在这里进行的。要按 x 停止它，先接手：modelquay resume { $site } --take-over
status-stopping = 已按要求，将在下一个安全点停止。
status-lost = 连接在 { $time } 前断开：{ $why }
status-retrying = { $step } 将重试（第 { $attempt } 次）：{ $why }
status-waits = { $step }：只等待，不做改动。
status-looks = { $step }：正在检查。
status-applying = { $step }：正在做 { $count } 处改动。
log-search = 搜索：
log-empty = 还没有输出。
log-follows = 跟随中
log-place = { $at } / { $all }
log-paused = 已暂停
log-new = 已暂停，新增 { $count } 行
log-hits = { $all ->
    [0] 没有匹配
   *[other] { $all } 处匹配
  }
log-hit = 第 { $at } 处，共 { $all } 处

## A failure

failure-step = 「{ $step }」失败
failure-decide = 「{ $step }」：需要有人来决定
failure-link = 连接没有恢复
failure-stopped = 已按要求停止
failure-silent = 现在没有人在进行这次安装
failure-begin = 无法开始安装
failure-known = 已知：
failure-fix = 解决：
failure-help = 提示：
failure-unknown = 尚不认识：
failure-report = 请别人查看时运行：modelquay report { $site }
failure-mirror = 填写镜像、代理或另一个来源
failure-retry = 重试
failure-go-on = 继续安装
failure-new-plan = 查看新的计划
failure-read = 打开完整日志
failure-save = 把日志保存到文件
failure-leave = 到此为止
status-ended = 已完成 { $done } / { $all } 步。以后继续请运行：modelquay resume { $site }
status-ended-rehearsal = 已完成 { $done } / { $all } 步。离开后演练不会保留。

## Line by line

plain-begin = 每行一个问题。直接回车保留方括号中的值，输入 - 清空，按 ctrl-c 停止。
plain-local = 输入 local 表示本机。
plain-yes = 是
plain-no = 否
plain-yes-or-no = 请回答 是（yes）或 否（no）。
plain-choose = 需要是其中之一：{ $options }。
plain-go-on = 回车继续；也可以输入 fix（执行安全的改动）、mirrors（设置从哪里下载）或 stop（停止）：
plain-mend = 标有 FAIL 的问题会妨碍安装。解决之后回车重新检查；也可以输入 fix（执行安全的改动）、mirrors（设置从哪里下载）或 stop（停止）：
plain-consent-fixes = 输入 yes 执行这些改动：
plain-consent = 输入 yes 执行这些改动，输入 w 写出应答文件，输入其他内容停止：
plain-retry = 输入 retry 继续安装，输入其他内容则留到以后：
plain-keys = 把密钥保存到一个只有您能读取的新文件（输入 - 则留在集群里）

## Credentials

keys-title = 模型仓库的密钥
keys-once = 只在这一屏显示。集群把每个密钥保存为一个 Secret，主机上的 root 可以读取。
key-root = 仅用于管理；安装之后不再使用
key-reader = 可列出和读取，包括旧版本
key-publisher = 可读取、写入和删除；旧版本保留
key-triton = 按 Triton 的需要列出和读取
keys-access = 访问密钥
keys-secret = 私有密钥
keys-endpoint = 端点
keys-in-clear = 明文再显示 { $seconds } 秒，或到下一次按键为止。
keys-reading = 正在从集群读取密钥。
keys-unread = 无法读取密钥。
keys-none = 集群中没有这个仓库的密钥。
keys-unread-why = 没有任何东西因此丢失：密钥仍在集群中，仓库照常使用它们。以后不用界面也能取出：modelquay resume { $site } --credentials-file FILE
keys-unsaved = 尚未保存。按 s 保存到本机的文件。
keys-decline-later = 不保存而继续：按回车，然后键入「{ $words }」（或 I have them）。
keys-decline = 不保存密钥而继续，请键入：{ $words }（或 I have them）
keys-words = 我已记下
keys-words-plain = I have them
keys-words-other = 输入的不是这句话。请键入「{ $words }」，或按 esc 返回并保存密钥。
keys-saved = 密钥已写入 { $path }，只有您可以读取。
keys-sealed = 文件已用您的口令加密。打开方法：
keys-open-with = age -d { $path }
keys-save-to = 密钥保存到
keys-seal = 用口令加密（age）
keys-passphrase = 口令
keys-passphrase-again = 再输一次
keys-file-why = 新建一个只属于您的文件，其目录不得允许他人写入。目录不存在时会创建。
keys-seal-why = 以后用 age 和这个口令打开文件。没有口令谁也打不开：它不会被记录在任何地方。
keys-form-hint = 回车保存，上下键选行，tab 补全路径，空格勾选。
keys-saving = 正在写入文件。
keys-not-written = 文件没有写成。密钥没有变化。
keys-no-path = 缺少路径。
keys-no-passphrase = 缺少口令。
keys-passphrases-differ = 两次输入不一致。请重新输入。
status-keys-saved = 密钥已保存。按回车继续。
status-keys-unsaved = 密钥尚未保存。
route-direct = 可直接访问，TLS 已验证
route-tunnel = 只能经由到主机的连接访问：从本机看该端口被阻挡

## Hand-over

done-title = 仓库 { $site } 已就绪
done-keys-in-cluster = 密钥没有保存在本机，它们在集群里：modelquay resume { $site } --credentials-file FILE
done-keys-rehearsed = 密钥未保存；它们会随这次演练一起消失。
done-endpoint = 端点
done-console = 控制台
done-no-console = 演练中没有控制台
done-ca = CA
done-fingerprint = 其 SHA-256
done-ca-what = 这是集群自己的 CA：它也签发 Kubernetes API 的证书。
done-sheet = 说明文件
done-mc = 用 mc：先信任 CA，再登记仓库。它会询问密钥。
done-mc-trust = 信任
done-mc-alias = 登记
done-triton = 用 Triton：作为 --model-repository
done-triton-inside = 集群内
done-triton-outside = 集群外
status-done = 以上内容也都在说明文件里。按 y 把一行发送到终端的剪贴板。
status-done-rehearsed = 这是一次演练：这些地址、密钥和文件会随它一起消失。

## Commands

do-up = 上
do-down = 下
do-left = 左
do-right = 右
do-page-up = 上翻一页
do-page-down = 下翻一页
do-top = 第一行
do-bottom = 最后一行
do-next = 下一项
do-previous = 上一项
do-take = 选择
accept-typed = 确定
do-connect = 连接
do-toggle = 勾选
do-forward = 继续
do-back = 返回
do-help = 按键
do-quit = 离开
do-suspend = 挂起
do-redraw = 重绘
do-look-again = 重新检查
do-fix = 修复
do-fix-all = 修复全部安全项
do-supply = 镜像源、代理
do-install = 安装
do-write-answers = 应答文件
do-export = 报告
do-follow = 跟随
do-search = 搜索
do-next-hit = 下一处
do-previous-hit = 上一处
do-zoom = 全屏
do-wrap = 折行
do-copy = 发送到剪贴板
do-copy-access = 发送访问密钥
do-save = 保存
do-detach = 脱离
do-stop = 停止
do-retry = 重试
do-faster = 加快
do-slower = 减慢
do-reveal = 显示
do-browse = 浏览
do-parent = 上一级
do-jump = 跳到名称
do-go-to = 前往
do-sort = 排序
do-more = 继续列出
do-pane = 详情
do-copy-url = 复制地址
do-models = Triton 模型视图

## Steps

step-credentials-ready = 凭据文件可写
step-prepare-host = 准备主机
step-registries = 镜像源配置
step-cluster-config = RKE2 配置
step-cluster-images = RKE2 镜像
step-cluster-package = RKE2 安装包
step-cluster-start = 启动 RKE2
step-cluster-access = 集群访问
step-signer-probe = 证书签发
step-storage = 存储类
step-operator = MinIO Operator
step-namespace = 命名空间和根凭据
step-certificate = 证书
step-tenant = 租户
step-tenant-healthy = 租户就绪
step-node-port = 节点端口
step-reach = 从外部访问
step-bucket = 存储桶
step-keys = 最小权限密钥
step-credentials-file = 凭据文件
step-hand-over = 交接

## Rows of preflight

row-facts = 主机信息
row-system = 操作系统
row-architecture = 架构
row-systemd = systemd
row-hostname = 主机名
row-cpu = 处理器
row-memory = 内存
row-swap = 交换空间
row-cgroup = cgroup
row-programs = 所需程序
row-apparmor = AppArmor
row-selinux = SELinux
row-inotify = inotify 限额
row-usr-local = /usr/local
row-apt-lock = 软件包管理器
row-cluster-space = 集群可用空间
row-ephemeral = Pod 可用空间
row-data-directory = 数据目录
row-data-space = 数据可用空间
row-mounts = 挂载选项
row-disk-sync = 磁盘同步速度
row-ipv4 = IPv4 地址
row-default-route = 默认路由
row-route-persistence = 重启后的默认路由
row-dynamic-address = 固定地址
row-ports = 端口
row-ufw = ufw
row-firewalld = firewalld
row-network-manager = NetworkManager
row-ranges = Pod 和 Service 网段
row-container-networks = 容器网络
row-proxy = 代理
row-clock = 时钟
row-ntp = 时间同步
row-rtc = 硬件时钟
row-leftovers = 其他集群的残留
row-foreign-rke2 = 已有的 RKE2
row-sudo-logging = sudo 输入输出日志
row-ssh-forwarding = sshd 转发
row-ssh-sessions = sshd 会话数
row-gpu = GPU
row-source = 下载源
row-image = 镜像

# 浏览器
browse-vouched-site = 已验证，{ $site } 的 CA
browse-vouched-file = 已验证，CA 来自文件
browse-vouched-system = 已由本机的 CA 验证
browse-vouched-nobody = 未加密
browse-read-only = 只读
browse-buckets = 存储桶
browse-name = 名称
browse-size = 大小
browse-modified = 修改时间（UTC）
browse-no-name = （空名称）
browse-loading = 正在查询仓库。
browse-no-buckets = 此密钥看不到任何存储桶。仍可直接前往 bucket/prefix/ 这样的路径。
browse-none-fits = 没有名称包含这段文字。
browse-empty = 这里没有内容。
browse-looking = 正在查看。
browse-version = 版本 { $id }
browse-filter = 筛选
browse-jump = 跳到
browse-go-to = 前往 s3://
browse-count-buckets = { $count } 个存储桶
browse-count-all = 共 { $rows } 项，{ $bytes }，已全部列出
browse-count-some = 至少 { $rows } 项
browse-count-of = { $shown } / { $rows }
browse-count-of-some = { $shown } / 至少 { $rows }
browse-marked = ；已标记 { $count } 项
browse-from = ；从 { $name } 起
browse-more-coming = ；还在继续列出
browse-paused = ；还有更多：按 + 继续
browse-cancelled = ；已中止：按 + 继续
doubt-no-token = 服务器没有说明下一页从哪里开始：已从最后一个键继续。
doubt-false-end = 服务器声称已到末尾，但其后还有内容：已继续列出。
doubt-circle = 服务器重复返回同一页：实际内容可能多于所示。
doubt-order = 服务器未按顺序列出：某些行可能出现两次。
doubt-echo = 服务器返回了起点之前的内容：已略去。
doubt-outside = 服务器返回了其他前缀的键：已略去。
doubt-empty = 服务器不断返回空页：已放弃。
doubt-too-many = 键的数量超出可保存的上限。
browse-when = { $size }，{ $time } UTC
models-title = Triton 会加载 { $served } 个模型（共 { $models } 个），地址
models-title-here = Triton 会从这里加载 { $served } 个模型（共 { $models } 个）
models-looking-at = Triton 会如何看待 { $path }
models-model = 模型
models-backend = 后端
models-versions = 版本
models-serves = 提供
models-state = 状态
models-about = 后端 { $backend }，最大批量 { $batch }，实例组 { $groups } 个
models-unknown = -
models-serves-none = 无
models-unread-state = 未读取
models-errors = { $count } 个错误
models-warnings = { $count } 个警告
models-version-served = 提供服务
models-version-none = Triton 不视为版本
models-version-incomplete = 被选中，但不完整
models-version-kept = 被选中，但未提供
models-version-idle = 未被选中
models-rule = 规则 { $rule }
models-says = Triton 会报告："{ $words }"
models-key = 键：{ $key }
models-key-line = 键：{ $key }，第 { $line } 行
models-fix = 修复：{ $fix }
models-none = 这里没有模型，也没有发现问题。
models-keys = 正在列出仓库：目前 { $count } 个键。
models-configs = 正在读取配置：{ $done } / { $all }。
models-contents = 正在检查将要提供的文件：{ $done } / { $all }。
models-failed = 无法完整查看。看到的只是一部分，因此不显示。
models-unread = 有 { $count } 个对象无法读取，第一个是 { $key }：{ $why }
models-start = Triton 启动：逐个发出 { $requests } 个请求，从这里约需 { $seconds } 秒，需复制 { $bytes }

# 浏览器：更改与传输
do-write = 写入
here-open = 打开
here-mark = 标记
here-filter = 筛选
here-open-report = 报告
here-cancel = 取消
here-throw-away = 丢弃
do-get = 下载
do-put = 上传到此处
do-new = 新建
do-copy-to = 复制
do-move-to = 移动
do-delete = 删除
do-delete-all = 删除所有版本
do-notes = 备注与标签
do-share = 生成分享链接
do-versions = 版本
do-versions-here = 此处的版本
do-uploads = 未完成的上传
do-usage = 空间去向
do-transfers = 传输
do-pause = 暂停或继续
do-forget = 清除已结束
do-restore = 设为当前版本
do-undelete = 恢复删除
browse-writing = 可写
write-is-on = 已允许更改，使用 { $key } 的密钥签名。
write-no-key = 此处没有已知的可写密钥。请用站点的密钥文件或带有密钥的配置打开。
write-first = 按一次 { $key } 之前不会更改任何内容。
lack-off = 此存储桶不保留版本
lack-ignored = 服务接受请求但不执行
rows-enough = ；还有更多：请进入更窄的前缀
versions-of = { $path } 的版本
versions-id = 版本
versions-deleted = 已删除
versions-none = 此处没有版本。
versions-count = { $versions } 个版本，其中 { $old } 个旧版本（{ $bytes }），{ $markers } 个删除标记
uploads-of = { $path } 下未完成的上传
uploads-begun = 开始时间 (UTC)
uploads-none = 没有已知的未完成上传。MinIO 只列出自其启动以来开始的上传。
uploads-count = { $count } 个未完成的上传
usage-counting = 正在统计 { $path }
usage-of = { $path }：{ $bytes }
usage-of-so-far = { $path }：至少 { $bytes }，统计中
usage-now = 当前
usage-old = 旧版本
usage-begun = 未完成的上传
usage-disk = 磁盘：剩余 { $free } / { $size }
usage-line = { $name }：{ $objects } 个对象 { $bytes }，{ $old } 个旧版本 { $oldbytes }，{ $markers } 个删除标记，{ $uploads } 个上传 { $uploadbytes }
usage-no-versions = 未计入旧版本：{ $why }
usage-no-uploads = 未计入未完成的上传：{ $why }
transfers-title = 传输
transfers-none = 打开浏览器以来没有传输过任何内容。
transfers-how = 浏览时传输继续进行。取消或失败的传输保留已传部分，同样的传输会从那里继续。
transfers-summary = { $count } 个传输，{ $percent } %，{ $rate }/s
transfer-so-far = { $bytes } / { $size }，{ $done } / { $items } 个对象，{ $failed } 个失败
transfer-rate = { $rate }/s
transfer-eta = 按此速度还需 { $time }
transfer-waits-link = 等待链路
transfer-waits-service = 等待服务
transfer-paused = 已暂停
transfer-is-done = 完成
transfer-has-failed = 失败
transfer-was-cancelled = 已取消
transfer-done = 完成：{ $title }
transfer-failed = 失败：{ $title }。传输列表中有原因。
transfer-cancelled = 已取消：{ $title }
transfer-report = { $done } 个对象，{ $bytes }；经线路传输 { $carried }
transfer-verified = { $count }：{ $how }
transfer-unverified = { $count } 个无从比对
transfer-not-done = { $failed } 个失败，{ $left } 个未开始。同样的传输会补上缺少的部分。
ask-into = 保存到
ask-from = 来自
ask-name = 名称
ask-to = 目标 s3://
ask-word = 确认词
ask-lasts = 有效期
ask-may = 允许
ask-type = 内容类型
ask-notes = 备注，每行一个 名称=值
ask-tags = 标签，每行一个 名称=值
get-title = 下载
get-one = { $name } 将保存为此文件，或以原名保存到此目录。
get-prefix = { $name } 下的全部内容将保存到此目录。
get-many = { $count } 个已标记的项目将保存到此目录。
get-how = 校验之后才会得到正式名称；未经询问不会替换不同的内容。tab 补全路径。
put-title = 上传
put-where = 一个文件，或一个目录及其全部内容，将上传到 { $path }。
put-how = 未经询问不会替换不同的内容。tab 补全路径。
new-prefix-title = 新建前缀
new-prefix-why = 一个名称以斜杠结尾的空对象，使前缀在有内容之前就能看到。
new-bucket-title = 新建存储桶
new-bucket-why = 3 到 63 个小写字母、数字、点和连字符。
copy-title = 复制
copy-what = { $count } 个对象在服务端复制；多个对象需要以斜杠结尾的前缀。
copy-how = 数据不经过本机，也不会替换已有的内容。
move-title = 移动
move-how = 每个来源在副本比对之后才删除。
delete-title = 删除
delete-what = { $count ->
   *[other] { $objects } 个对象，{ $bytes }。
}
delete-versions = { $versions } 个版本和 { $markers } 个删除标记将永久消失。
delete-stays = 它们的版本保留并占用空间；可以在版本列表中找回。
delete-for-good = 未保留版本：将永久消失。
delete-doubts = 服务给出的列表并不完全可信；实际可能比统计的更多。
delete-nothing = 那里没有可删除的内容。
delete-type = 输入 { $word } 以删除。
abort-title = 丢弃
abort-what = { $count } 个未完成的上传。
abort-why = 已发送的部分将永久消失，仍在发送的一方必须重新开始。
share-title = 分享
share-what = 一个无需密钥即可打开 { $name } 的链接。有效期如 30m、24h 或 7d；允许 read 或 write。
share-why = 在到期之前，任何持有者都可以使用，如同密码。
share-secret = 任何持有者都可以使用。只显示一次。
notes-title = 备注与标签
notes-how = ctrl-f 确认。备注和内容类型通过复制到自身来替换：保留版本时会产生新版本。
notes-no-tags = 此处无法读取其标签。
notes-same = 没有更改：与之前相同。
carry-title = 没有开始
carry-clashes = { $count } 个障碍：
choice-leave-it = 保持原样
choice-replace = 替换已有内容
choice-close = 关闭
choice-copy-url = 发送到终端的剪贴板
leave-transfers = 有 { $count } 个传输正在进行。它们随浏览器结束；已传部分保留，同样的传输会从那里继续。
work-busy = 等待服务。
work-so-far = 目前 { $count }。
work-stop = esc 放弃。不会更改任何内容。
work-stop-changes = esc 放弃。已完成的保持完成。
work-given-up = 已放弃。已完成的保持完成。
work-count = 正在统计要删除的内容
work-delete = 正在删除
work-make = 正在创建
work-copy = 正在复制
work-move = 正在移动
work-read = 正在读取备注
work-note = 正在写入备注
work-restore = 正在找回
work-abort = 正在丢弃
work-share = 正在签名链接
work-carry = 正在查看要传输的内容
work-begun = 已开始：{ $items } 个对象，{ $bytes }。
work-deleted = 已删除 { $done }。
work-hidden = 已删除 { $done }，其中 { $markers } 个隐藏在删除标记之后。
work-copied = { $done } 个已就位。
work-aborted = 已丢弃 { $done }。
work-undeleted = 已找回：去掉了 { $count } 个删除标记。
work-undeleted-none = 它没有被删除。
work-restored = 现在是当前版本，{ $how }。
work-made = 已创建。
work-noted = 已写入。
work-failed = { $count } 个未完成：
wrong-no-path = 请输入文件或目录。
wrong-prefix = 名称不能有空的部分、. 或 ..
wrong-bucket = 存储桶名称为 3 到 63 个小写字母、数字、点和连字符。
wrong-word = 确认词不同。没有删除任何内容。
wrong-target = 请输入存储桶及其中的键。
wrong-not-a-prefix = 多个项目需要放到前缀下：请以斜杠结尾。
wrong-same = 它就在那里。
wrong-pair = 每行一个 名称=值，每个名称一次。
wrong-tags = 一个对象最多十个标签。
wrong-lasts = 如 90s、30m、24h 或 7d；最多七天。
wrong-may = read 或 write。

# 浏览器：信任与书签
do-trust = 信任
do-places = 位置
do-bookmark = 添加书签
do-pane-down = 详情向下
do-pane-up = 详情向上
here-copy-sum = 发送指纹
trust-title = 正在与谁通信
trust-how = 校验始终开启；没有跳过它的开关。
trust-plain = 无人为其担保：通信没有 TLS，途中任何人都能读取和更改全部内容。
trust-good = 已校验，由 { $by } 担保
trust-days = 还有 { $days } 天有效。
trust-soon = { $days } 天后到期：请在此之前更新。
trust-ended = 今天无效。
trust-protocol = { $version }，{ $cipher }
trust-own = 证书
trust-between = 签发者
trust-anchor = 信任的 CA
trust-names = 用于 { $names }
trust-times = 有效期 { $from } 至 { $until } UTC
trust-sum = SHA-256 { $sum }
trust-issuer = 由 { $issuer } 签发；密钥 { $key }
trust-behind = 慢于
trust-ahead = 快于
trust-clock-same = 从此处看，服务的时钟与本机一致。
trust-clock-slight = 服务的时钟{ $which }本机 { $far }：修改时间会有相应偏差。
trust-clock-large = 服务的时钟{ $which }本机 { $far }：分享链接的实际有效期会相应变化。相差 15 分钟起，此处签名的请求都会被拒绝。
trust-clock-refused = 服务的时钟{ $which }本机 { $far }：它拒绝此处签名的请求。请校正错误的时钟。
lacks-nothing = 对此存储桶，服务支持浏览器的全部功能。
lacks-versions = 不保留旧版本：删除或替换的内容无法找回（{ $why }）。
lacks-uploads = 不列出未完成的上传（{ $why }）。
lacks-parts = 不列出上传的分段：中断的上传将重新开始（{ $why }）。
lacks-tags = 不支持标签（{ $why }）。
lacks-if-match = 读取条件不被遵守：中断的下载在继续之前会先比对（{ $why }）。
lacks-checksums = 不保存校验和（{ $why }）。
places-title = 书签与去过的位置
places-how = 按注册表保存在本机。在前往行按 tab 可补全。
places-none = 还没有书签，也还没有去过任何位置。
places-aside = 位置文件无法完整读取，已另存为 { $path }。
places-forgotten = 书签过多，最旧的 { $count } 个已被移除。
bookmark-title = 书签
bookmark-what = { $path } 在此处的名称。
bookmark-kept = 已添加书签。

# 浏览器：发布
here-publish = 发布
here-serve = 改用此版本
ask-model = 模型
publish-title = 发布
publish-where = 一个模型目录或一个版本目录将成为 { $path } 中模型的一个版本。
publish-how = 执行之前会显示所有步骤。不填名称时，模型以目录名命名。
publish-atomic = 任何时刻 Triton 看到的要么是全部，要么没有。
publish-not-atomic = 非原子操作：Triton 可能在一段时间内看到其中一部分。
publish-type = 这会改变 Triton 提供的版本。输入 { $word } 以执行。
publish-enter = Triton 提供的版本不变。按 enter 执行。
wrong-word-kept = 确认词不同。没有更改任何内容。
work-plan = 正在查看需要做什么
work-carry-out = 正在执行
work-serves = 完成。Triton 将提供：{ $versions }。
work-serves-none = 完成。Triton 不会提供它的任何版本。
