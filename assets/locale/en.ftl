# What the screens say, in English. Keys that begin with step-, row-, do- or place- are put together from ids.

## The frame

rehearsal = REHEARSAL
new-site = new site
too-small = The window is too small: at least { $columns } columns and { $rows } rows.
link = link
link-none = not connected
link-local = this computer
link-connecting = connecting
link-lost = link lost { $time } ago
link-gone = link gone
help-title = Keys of this place
notice-saved = Written to { $path }.
notice-copied = Sent to the terminal's clipboard. tmux and clipboard managers may keep it.
notice-too-long = Too long for a terminal's clipboard: nothing was sent. Save it to a file.
notice-busy = Still busy with what was asked before. Try again in a moment.
and-more = and { $count } more

## Places

place-start = Start
place-host = Host
place-facts = Facts
place-names = Names
place-compute = Compute
place-registry = Registry
place-plan = Plan
place-install = Install
place-credentials = Credentials
place-done = Done

## Start

start-title = What shall be done?
start-install = Install a model registry
start-install-why = Five short screens, then a plan. Nothing is changed on the host before you have seen the plan and agreed to it.
start-check = Check a host
start-check-why = Looks at whether a host can carry a registry, and names the fix for whatever stands in the way. Changes nothing.
start-resume = Resume { $site }: { $done } of { $all } steps are done
start-resume-why = An install of this site was begun and not finished. It goes on from where it stands; every step is checked again first.
start-rehearse = Rehearse
start-rehearse-why = The same screens, plan and engine against a simulated host. Takes a minute, needs nothing and changes nothing.
start-site = { $site }: check it again
start-site-why = The last install of this site is complete. A second one changes nothing where everything is as it should be.
start-browse = Browse the registry of { $site }
start-browse-why = What is in it, which models Triton would load, and where the space went. Nothing is changed.
status-start = Nothing has been sent anywhere yet.

## Host

host-title = Where shall the registry live?
host-local = this computer
host-ssh = another host by SSH
host-address = address
host-none = Type the address of the host, or choose this computer.
host-port = port
host-known = From your ssh configuration:
host-why = The address is what you would give to ssh: a host, user@host, or an alias of your configuration. Your own OpenSSH is used, with its keys, agents and jump hosts, and host keys are always verified. Root is needed on the host: by sudo, or directly.
host-rehearsed = a simulated host
host-rehearsed-why = The screens, plan, steps and engine of a real install, against a host and a cluster that are simulated. The S3 server at the end is a real one, inside this program. Nothing outside of a temporary directory is touched.
status-nothing-sent = Nothing has been sent to the host yet.
status-question = Waiting for your answer.
busy-looking = Looking at the host.

## Questions

asks-ssh = ssh on this computer asks
asks-server = The server { $host } says
asks-sudo = sudo on { $host } asks for the password of { $user }
asks-program = modelquay asks
host-key-unknown = The host key of { $host } is not known
host-key-compare = Compare it with the label on the host, or ask whoever set it up.
host-key-nowhere = No known_hosts file has it. A key that has changed is never offered here: it stops everything.
key-stop = stop
key-remember = accept and remember
key-once = accept for this run only
answer-refused = The last answer was refused. It is not tried again by itself, because accounts lock.
answer-hidden = What you type is not shown. It is held in memory only.

## Leaving and stopping

leave-title = Leave?
leave-typed = What you have typed is in no file yet. The plan's screen can write it to one.
leave-unsaved-keys = The keys were not saved. They stay in the cluster. To have them later: modelquay resume { $site } --credentials-file FILE
leave-rehearsed-keys = They are keys of a rehearsal: they go with it.
leave-running = An install is under way
detach-title = Leave the screens?
stop-title = Stop the install?
stop-why = The step that is under way comes to its next safe point; then nothing more is done. The install can be resumed.
choice-stay = stay here
choice-leave = leave
choice-detach = leave
choice-stop-copy = copy no more of it
choice-hand-over = hand it to the host, which goes on by itself
choice-stop = stop at the next safe point
choice-go-on = go on with the install
choice-do-not = do not
choice-make = make these changes

## Facts

facts-none = The host has not been looked at yet.
facts-counts = { $pass } passed, { $warn ->
    [0] no warnings
    [one] 1 warning
   *[other] { $warn } warnings
  }, { $fail ->
    [0] nothing stops the install.
    [one] 1 stops the install.
   *[other] { $fail } stop the install.
  }
facts-stops = What is marked { $mark } stops the install. Fix it, then look again.
check-only = This was a check. To install, go back to the start.
cores = { $count ->
    [one] 1 core
   *[other] { $count } cores
  }
free-on = { $size } free on { $mount }
no-gpu = no GPU
gpus = { $count ->
    [one] 1 GPU
   *[other] { $count } GPUs
  }
fix-by-install = The install does this
fix-safe = Safe to do
fix-yours = To fix it
fix-not-this = This row cannot be fixed from here. What fixes it stands below.
fixes-none = There is nothing that can safely be fixed from here.
fixes-title = These changes would be made now
fixes-why = They only add, can be taken back, cannot cut the connection and do not lower security. They are recorded for a later uninstall.
busy-fixes = Looking at what the fixes would change.
busy-fixing = Making the fixes.

## Fields

fields-more = { $count } more
from-default = default
from-facts = from the host
from-file = from the file
names-title = Names and addresses
compute-title = What Triton will run on
registry-title = The registry
supply-title = Where downloads come from
status-names = These go into RKE2's configuration and the registry's certificate alike.
status-compute = The registry itself needs no GPU.
status-registry = Everything here has a default that works on one host with one disk.
status-supply = Leave everything empty where the host reaches the internet by itself.
field-site = site
why-site = The site's name on this computer, for file names and journals.
field-compute = compute
why-compute = The choice is written into the answers.
field-address = address
why-address = What ssh is told: an alias of its configuration, a host, or user@host.
field-port = port
why-port = Where sshd listens, if that is not 22.
field-node-name = node name
why-node-name = The node's name in the cluster. Changing it later means setting the cluster up again.
field-node-ip = node address
why-node-ip = The address under which the registry is reached. It has to stay the same after a reboot.
field-tls-san = other names
why-tls-san = One a line: every name and address by which clients will call this host. Verification fails for a name that is missing here, and there is no switch to skip it.
field-cluster-cidr = network of pods
why-cluster-cidr = It must not hold an address that the host or its users talk to.
field-service-cidr = network of services
why-service-cidr = It must not hold an address that the host or its users talk to, nor overlap the network of pods.
field-images = RKE2's images
why-images = As files they come with RKE2's release, are checksummed, and no image registry is needed when the host boots again. Pulled, the first start needs one.
field-mirrors = mirrors
why-mirrors = One a line, as in: docker.io = https://mirror.example. A mirror is asked before the registry that it stands for.
field-proxy = proxy
why-proxy = For the host's way out, as in http://proxy.example:3128, without user and password. The cluster's own networks never go through it.
field-no-proxy = no proxy for
why-no-proxy = One a line: names and networks that are reached directly, beside the cluster's own.
field-extra-ca = further CA
why-extra-ca = A PEM file on this computer: a CA that the host trusts for its downloads, as some proxies need it.
field-components = component tables
why-components = Files on this computer, one a line. Their entries replace versions, addresses and checksums that the program carries.
field-tenant = tenant
why-tenant = The name of MinIO's tenant.
field-namespace = namespace
why-namespace = A namespace that holds nothing but the tenant.
field-volumes = volumes
why-volumes = 1, or 4 to 16, all on this host.
field-capacity = capacity
why-capacity = What the volumes may hold together, as in 20GiB.
field-data-dir = data directory
why-data-dir = Where the volumes lie on the host; only root may enter it. Better on a disk of its own: a full disk then stops uploads and not the cluster.
field-storage-class = storage class
why-storage-class = Empty for local-path, or the name of a class that exists already, such as longhorn: it then decides where the volumes lie.
field-node-port = S3 port
why-node-port = 30000 to 32767, open on the node's address.
field-console-port = console port
why-console-port = Empty: the console is reached only through the connection to the host.
field-bucket = bucket
why-bucket = Triton's model repository. Its name may hold a to z, 0 to 9, dots and dashes.
field-versioning = keep old versions
why-versioning = What is overwritten or deleted can be taken back. Old versions take up space until they expire.
field-keep-versions = old versions kept
why-keep-versions = This many old versions of each object are kept, however old they are.
field-quota = quota
why-quota = auto (what the free space allows), a size as in 40GiB, or none. It is approximate: the server counts in the background.
option-cpu = CPU
option-gpu = NVIDIA GPU
option-tarballs = as files
option-pull = pulled
compute-no-gpu = No NVIDIA GPU was found on the host.
compute-gpus = { $count ->
    [one] One NVIDIA GPU was found on the host.
   *[other] { $count } NVIDIA GPUs were found on the host.
  }
compute-gpu-later = This version writes the choice down and installs the same registry; it does not install NVIDIA's GPU operator yet.
truth-disk = { $dir } lies on { $device } with { $free } free.
truth-erasure = Every byte is stored twice, over { $volumes } volumes on one disk: that guards against bit rot, not against the loss of the disk.
truth-quota = local-path does not enforce the capacity; the bucket's quota does, roughly. Old versions count.
truth-no-quota = Nothing limits the bucket: it can fill the disk, and a full disk stops the cluster.

## Plan

plan-title = What will change
plan-done = nothing
plan-waits = waits
plan-waits-why = Waits for a condition and changes nothing.
plan-changes = { $count ->
    [one] 1 change
   *[other] { $count } changes
  }
plan-in-the-way = in the way
plan-blocked = More can be said once this is done: { $step }.
plan-totals = About { $minutes } min; the host downloads { $size }, nothing of it through your connection.
plan-unknown-sizes = { $count ->
    [one] The size of 1 more download is not known yet.
   *[other] The sizes of { $count } more downloads are not known yet.
  }
plan-conflict = Something not ours is in the way (see { $mark }). Nothing of this plan is done.
plan-agree = Nothing has been changed yet. { $key } agrees to this plan and begins the install.
plan-agree-again = Nothing of this plan is done yet. { $key } agrees to it and goes on with the install.
plan-nothing = Everything is as it should be. There is nothing to install.
status-nothing-changed = Nothing has been changed yet.
status-plan-again = What the earlier attempt did stays. Nothing of this plan is done yet.
busy-planning = Looking at every step.
path-answers = Write the answers file to
path-report = Write the plan to
path-log = Write the log to
path-hint = tab completes. An existing file is not overwritten.
path-choices = { $count ->
    [0] Nothing begins like that.
    [one] One name fits.
   *[other] { $count } names fit.
  }

## Install

took-typical = ~{ $time }
took-time = { $time } of ~{ $typical }
took-seen = seen { $time } ago
took-again = again in { $time }
took-nothing = as it was
took-unknown = not known
bytes-of = { $done } of { $all }
bytes-so-far = { $done }, size not known yet
steps-more = { $count } more
install-count = { $done } of { $all } steps done
install-left = { $minutes ->
    [1] about a minute left
   *[other] about { $minutes } min left
  }
waits-for = Waits for { $condition }: { $time } of at most { $limit }.
waits-saw = Seen last: { $seen }
goes-on-service = "{ $step }" goes on on the host; { $count ->
    [0] no step waits behind it.
    [one] the step after it waits for this program.
   *[other] the { $count } steps after it wait for this program.
  }
goes-on-unit = The part of "{ $step }" that was started on the host goes on there; { $count ->
    [0] the rest of it waits for this program.
    [one] the rest of it and the step after it wait for this program.
   *[other] the rest of it and the { $count } steps after it wait for this program.
  }
goes-on-perhaps = Whether "{ $step }" was started on the host is not known; if it was, that goes on there. { $count ->
    [0] All else waits for this program.
    [one] All else and the step after it wait for this program.
   *[other] All else and the { $count } steps after it wait for this program.
  }
goes-on-cluster = What the cluster was told for "{ $step }" it does by itself; { $count ->
    [0] looking at it waits for this program.
    [one] looking at it and the step after it wait for this program.
   *[other] looking at it and the { $count } steps after it wait for this program.
  }
goes-on-nothing = Nothing of "{ $step }" goes on by itself; { $count ->
    [0] it waits for this program.
    [one] it and the step after it wait for this program.
   *[other] it and the { $count } steps after it wait for this program.
  }
goes-on-idle = No step is under way; everything waits for this program.
goes-on-host = The host carries the install out by itself: this computer, its link and this terminal may go.
goes-on-other = This is carried out by { $who }, and only shown here.
goes-on-rehearsal = A rehearsal ends when it is left, and nothing of it is kept.
come-back-host = To come back: modelquay attach { $site }
come-back = To come back: modelquay resume { $site }
link-again = { $seconds ->
    [0] Trying again now
   *[other] Trying again in { $seconds } s
  } { $attempt ->
    [0] for the first time.
   *[other] after { $attempt } tries.
  }
copying-title = The program is being copied to the host
copying-begins = Packing this program for the host. The install goes on meanwhile; d stops the copy.
copying = Copying this program to the host: { $done } of { $all }, about { $left } more. The install goes on meanwhile; d stops the copy.
status-handing = The host takes the install over: it begins in a moment.
not-stopped-here = It is not carried out from here. To stop it with x, take it over first: modelquay resume { $site } --take-over
status-stopping = Stops at the next safe point, as asked.
status-lost = The link was lost { $time } ago: { $why }
status-retrying = { $step } is tried again, attempt { $attempt }: { $why }
status-waits = { $step }: waits, changes nothing.
status-looks = { $step }: is looked at.
status-applying = { $step }: { $count ->
    [one] makes 1 change.
   *[other] makes { $count } changes.
  }
log-search = Search:
log-empty = No output yet.
log-follows = following
log-place = { $at } of { $all }
log-paused = paused
log-new = paused, { $count } new
log-hits = { $all ->
    [0] no hits
    [one] 1 hit
   *[other] { $all } hits
  }
log-hit = hit { $at } of { $all }

## A failure

failure-step = "{ $step }" failed
failure-decide = "{ $step }": someone has to decide
failure-link = The link did not come back
failure-stopped = Stopped as asked
failure-silent = Nobody works on this install now
failure-begin = The install could not be begun
failure-known = Known:
failure-fix = Fix:
failure-help = Help:
failure-unknown = Not known:
failure-report = for somebody else to look at: modelquay report { $site }
failure-mirror = name a mirror, a proxy or another source
failure-retry = try again
failure-go-on = go on with the install
failure-new-plan = look at a new plan
failure-read = open the whole log
failure-save = save the log to a file
failure-leave = stop here
status-ended = { $done } of { $all } steps are done. Go on later with: modelquay resume { $site }
status-ended-rehearsal = { $done } of { $all } steps are done. A rehearsal that is left is not kept.

## Line by line

plain-begin = One question a line. Enter keeps what stands in brackets, - empties it, ctrl-c stops.
plain-local = The word local means this computer.
plain-yes = yes
plain-no = no
plain-yes-or-no = Please say yes or no.
plain-choose = One of these is needed: { $options }.
plain-go-on = Press enter to go on, or type fix (makes the changes that are safe), mirrors (asks where downloads come from) or stop:
plain-mend = What is marked FAIL stops the install. Fix it and press enter to look again, or type fix (makes the changes that are safe), mirrors (asks where downloads come from) or stop:
plain-consent-fixes = Type yes to make these changes:
plain-consent = Type yes to make these changes, w to write the answers file, anything else to stop:
plain-retry = Type retry to go on with the install, anything else to leave it for later:
plain-keys = Save the keys to a new file that only you can read (- leaves them in the cluster)

## Credentials

keys-title = The keys of the registry
keys-once = They are shown on this screen only. The cluster keeps each as a Secret, which root on the host can read.
key-root = administration only; nothing uses it after the install
key-reader = lists and reads, old versions too
key-publisher = reads, writes and deletes; old versions stay
key-triton = lists and reads as Triton does
keys-access = access key
keys-secret = secret key
keys-endpoint = Endpoint
keys-in-clear = In clear for { $seconds } s more, or until the next key.
keys-reading = Reading the keys from the cluster.
keys-unread = The keys could not be read.
keys-none = The cluster holds no key of this registry.
keys-unread-why = Nothing is lost by that: the keys stay in the cluster, and the registry works with them. Later, without screens: modelquay resume { $site } --credentials-file FILE
keys-unsaved = Not saved yet. s saves them to a file on this computer.
keys-decline-later = To go on without saving: enter, then type: { $words }
keys-decline = To go on without saving the keys, type: { $words }
keys-words = I have them
keys-words-plain = I have them
keys-words-other = That is something else. Type: { $words }. Or go back with esc and save them.
keys-saved = The keys are in { $path }, which only you can read.
keys-sealed = It is encrypted with your passphrase. This opens it:
keys-open-with = age -d { $path }
keys-save-to = Save the keys to
keys-seal = encrypt with a passphrase (age)
keys-passphrase = passphrase
keys-passphrase-again = once more
keys-file-why = A new file for you alone, in a directory that others cannot write to. A directory that does not exist is made.
keys-seal-why = age and its passphrase open the file later. Without the passphrase nobody can: it is written down nowhere.
keys-form-hint = enter saves, up and down choose the line, tab completes the path, space ticks.
keys-saving = Writing the file.
keys-not-written = The file was not written. The keys are as they were.
keys-no-path = A path is missing.
keys-no-passphrase = A passphrase is missing.
keys-passphrases-differ = The two are not the same. Type both again.
status-keys-saved = The keys are saved. enter goes on.
status-keys-unsaved = The keys are not saved yet.
route-direct = reached directly, with verified TLS
route-tunnel = only reached through the connection to the host: from here the port is blocked

## Hand-over

done-title = The registry { $site } is ready
done-keys-in-cluster = The keys were not saved here. They are in the cluster: modelquay resume { $site } --credentials-file FILE
done-keys-rehearsed = The keys were not saved; they go with this rehearsal.
done-endpoint = endpoint
done-console = console
done-no-console = in a rehearsal there is none
done-ca = CA
done-fingerprint = SHA-256 of it
done-ca-what = It is the cluster's own CA: it also signs the Kubernetes API.
done-sheet = sheet
done-mc = For mc: trust the CA, then make the registry known. It asks for a key.
done-mc-trust = trust
done-mc-alias = alias
done-triton = For Triton, as --model-repository
done-triton-inside = in the cluster
done-triton-outside = elsewhere
status-done = All of this also stands in the sheet. y sends a line to the clipboard.
status-done-rehearsed = This was a rehearsal: these addresses, keys and files go with it.

## Commands

do-up = up
do-down = down
do-left = left
do-right = right
do-page-up = page up
do-page-down = page down
do-top = first line
do-bottom = last line
do-next = next
do-previous = previous
do-take = choose
accept-typed = accept
do-connect = connect
do-toggle = tick
do-forward = go on
do-back = back
do-help = keys
do-quit = leave
do-suspend = suspend
do-redraw = redraw
do-look-again = look again
do-fix = fix
do-fix-all = fix all safe
do-supply = mirrors, proxy
do-install = install
do-write-answers = answers file
do-export = report
do-follow = follow
do-search = search
do-next-hit = next hit
do-previous-hit = previous hit
do-zoom = whole screen
do-wrap = wrap
do-copy = to the clipboard
do-copy-access = send access key
do-save = save
do-detach = detach
do-stop = stop
do-retry = try again
do-faster = faster
do-slower = slower
do-reveal = reveal
do-browse = browse
do-parent = up
do-jump = jump to a name
do-go-to = go to
do-sort = sort
do-more = go on listing
do-pane = details
do-copy-url = copy address
do-models = models

## Steps

step-credentials-ready = Place for the keys
step-prepare-host = Prepare the host
step-registries = Image mirrors
step-cluster-config = RKE2 configuration
step-cluster-images = RKE2 images
step-cluster-package = RKE2 package
step-cluster-start = Start RKE2
step-cluster-access = Cluster access
step-signer-probe = Certificate signer
step-storage = Storage class
step-operator = MinIO Operator
step-namespace = Namespace, root key
step-certificate = Certificate
step-tenant = Tenant
step-tenant-healthy = Tenant healthy
step-node-port = Node port
step-reach = Reached from outside
step-bucket = Bucket
step-keys = Least-privilege keys
step-credentials-file = Credentials file
step-hand-over = Hand-over

## Rows of preflight

row-facts = facts of the host
row-system = operating system
row-architecture = architecture
row-systemd = systemd
row-hostname = host name
row-cpu = processor
row-memory = memory
row-swap = swap
row-cgroup = control groups
row-programs = programs
row-apparmor = AppArmor
row-selinux = SELinux
row-inotify = inotify limits
row-usr-local = /usr/local
row-apt-lock = package manager
row-cluster-space = space for the cluster
row-ephemeral = space for pods
row-data-directory = data directory
row-data-space = space for the data
row-mounts = mount options
row-disk-sync = disk speed
row-ipv4 = IPv4 address
row-default-route = default route
row-route-persistence = route after a reboot
row-dynamic-address = fixed address
row-ports = ports
row-ufw = ufw
row-firewalld = firewalld
row-network-manager = NetworkManager
row-ranges = pod and service ranges
row-container-networks = container networks
row-proxy = proxy
row-clock = clock
row-ntp = clock synchronisation
row-rtc = battery clock
row-leftovers = remains of other clusters
row-foreign-rke2 = existing RKE2
row-sudo-logging = sudo's recording
row-ssh-forwarding = forwarding by sshd
row-ssh-sessions = sessions of sshd
row-gpu = GPU
row-source = source
row-image = image

# The browser
browse-vouched-site = verified, CA of { $site }
browse-vouched-file = verified, CA from a file
browse-vouched-system = verified by this computer's CAs
browse-vouched-nobody = not encrypted
browse-read-only = read-only
browse-buckets = Buckets
browse-name = name
browse-size = size
browse-modified = modified (UTC)
browse-no-name = (empty name)
browse-loading = Asking the registry.
browse-no-buckets = This key sees no bucket. A path such as bucket/prefix/ can be gone to all the same.
browse-none-fits = No name holds this text.
browse-empty = Nothing lies here.
browse-looking = Looking.
browse-version = version { $id }
browse-filter = names with
browse-jump = jump to
browse-go-to = go to s3://
browse-count-buckets = { $count ->
    [one] 1 bucket
   *[other] { $count } buckets
 }
browse-count-all = { $rows } here, { $bytes }, all listed
browse-count-some = at least { $rows } here
browse-count-of = { $shown } of { $rows }
browse-count-of-some = { $shown } of at least { $rows }
browse-marked = ; { $count } marked
browse-from = ; from { $name } on
browse-more-coming = ; more is coming
browse-paused = ; there is more: + goes on
browse-cancelled = ; given up: + goes on
doubt-no-token = The server does not say where its next page begins: gone on from the last key.
doubt-false-end = The server said that this was all, and there was more: gone on.
doubt-circle = The server repeats a page: there may be more than is shown.
doubt-order = The server lists out of order: a row may be there twice.
doubt-echo = The server began too early: what lies before was left out.
doubt-outside = The server sent keys of another prefix: left out.
doubt-empty = The server sends empty pages without end: given up.
doubt-too-many = There are more keys than can be kept.
browse-when = { $size }, { $time } UTC
models-title = Triton would load { $served } of { $models } models from
models-title-here = Triton would load { $served } of { $models } models from here
models-looking-at = What Triton would make of { $path }
models-model = model
models-backend = backend
models-versions = versions
models-serves = serves
models-state = state
models-about = backend { $backend }, largest batch { $batch }, { $groups ->
    [one] { $groups } instance group
   *[other] { $groups } instance groups
}
models-unknown = -
models-serves-none = none
models-unread-state = not read
models-errors = { $count ->
    [one] { $count } error
   *[other] { $count } errors
}
models-warnings = { $count ->
    [one] { $count } warning
   *[other] { $count } warnings
}
models-version-served = served
models-version-none = no version to Triton
models-version-incomplete = picked, not whole
models-version-kept = picked, not served
models-version-idle = not picked
models-rule = rule { $rule }
models-says = Triton will say: "{ $words }"
models-key = key: { $key }
models-key-line = key: { $key }, line { $line }
models-fix = fix: { $fix }
models-none = There is no model here, and nothing wrong.
models-keys = Listing the repository: { $count } keys so far.
models-configs = Reading configs: { $done } of { $all }.
models-contents = Looking into what would be served: { $done } of { $all } files.
models-failed = It could not be looked at. What was seen is no whole picture, so none is shown.
models-unread = { $count ->
    [one] One object could not be read: { $key }: { $why }
   *[other] { $count } objects could not be read, first { $key }: { $why }
}
models-start = A start of Triton: { $requests } requests one by one, { $seconds } s from here, { $bytes } to copy

# The browser: changes and transfers
do-write = write
here-open = open
here-mark = mark
here-filter = filter
here-open-report = report
here-cancel = cancel
here-throw-away = throw away
do-get = get
do-put = send a file here
do-new = new
do-copy-to = copy
do-move-to = move
do-delete = delete
do-delete-all = delete for good
do-notes = notes and tags
do-share = share by a URL
do-versions = versions
do-versions-here = versions here
do-uploads = begun uploads
do-usage = space used
do-transfers = transfers
do-pause = hold, go on
do-forget = clear ended
do-restore = make current
do-undelete = undelete
browse-writing = writing
write-is-on = Changes are let, signed with the key of { $key }.
write-no-key = No key that may write is known here. Open the site with its keys' file, or a profile that has one.
write-first = Nothing is changed until { $key } is pressed once.
lack-off = this bucket keeps no versions
lack-ignored = the service takes the request and does not do it
rows-enough = ; there are more: go to a narrower prefix
versions-of = Versions of { $path }
versions-id = version
versions-deleted = deleted
versions-none = No version lies here.
versions-count = versions { $versions }, old ones { $old } ({ $bytes }), delete markers { $markers }
uploads-of = Unfinished uploads under { $path }
uploads-begun = begun (UTC)
uploads-none = No unfinished upload is known. MinIO lists those that were begun since it was started.
uploads-count = { $count ->
    [one] 1 unfinished upload
   *[other] { $count } unfinished uploads
}
usage-counting = Counting { $path }
usage-of = { $path }: { $bytes }
usage-of-so-far = { $path }: at least { $bytes }, counting
usage-now = current
usage-old = old versions
usage-begun = unfinished uploads
usage-disk = disk: { $free } free of { $size }
usage-line = { $name }: current { $objects }, { $bytes }; old { $old }, { $oldbytes }; markers { $markers }; unfinished { $uploads }, { $uploadbytes }
usage-no-versions = Old versions are not in this: { $why }
usage-no-uploads = Unfinished uploads are not in this: { $why }
transfers-title = Transfers
transfers-none = Nothing was carried since the browser was opened.
transfers-how = They go on while you browse. What is cancelled or fails keeps what was carried: the same transfer goes on there.
transfers-summary = { $count ->
    [one] 1 transfer
   *[other] { $count } transfers
}, { $percent } %, { $rate }/s
transfer-so-far = { $bytes } of { $size }, { $done } of { $items } objects, { $failed } failed
transfer-rate = { $rate }/s
transfer-eta = { $time } left at this rate
transfer-waits-link = waits for the link
transfer-waits-service = waits for the service
transfer-paused = held
transfer-is-done = done
transfer-has-failed = failed
transfer-was-cancelled = cancelled
transfer-done = Done: { $title }
transfer-failed = Failed: { $title }. Its line among the transfers says why.
transfer-cancelled = Cancelled: { $title }
transfer-report = { $done } objects, { $bytes }; { $carried } went over the wire
transfer-verified = { $count }: { $how }
transfer-unverified = { $count } could be compared with nothing
transfer-not-done = { $failed } failed, { $left } not begun. The same transfer goes on with what is missing.
ask-into = into
ask-from = from
ask-name = name
ask-to = to s3://
ask-word = word
ask-lasts = lasts
ask-may = may
ask-type = content type
ask-notes = notes, one name=value a line
ask-tags = tags, one name=value a line
get-title = Get
get-one = { $name } comes into this file, or into this directory under its own name.
get-prefix = All below { $name } comes into this directory.
get-many = { $count } marked things come into this directory.
get-how = Verified before it gets its name; nothing that differs is replaced unasked. tab completes a path.
put-title = Send
put-where = A file, or a directory with all that is in it, comes under { $path }.
put-how = Nothing that differs is replaced unasked. tab completes a path.
new-prefix-title = New prefix
new-prefix-why = An empty object whose name ends in a slash, so that the prefix is seen before anything lies under it.
new-bucket-title = New bucket
new-bucket-why = 3 to 63 lower-case letters, digits, dots and hyphens.
copy-title = Copy
copy-what = { $count ->
    [one] One object is copied at the service.
   *[other] { $count } objects are copied at the service, under a prefix that ends in a slash.
}
copy-how = No byte comes through here, and nothing that is there is replaced.
move-title = Move
move-how = Each source is deleted once its copy was compared with it.
delete-title = Delete
delete-what = { $count ->
    [one] One object, { $bytes }.
   *[other] { $objects } objects, { $bytes }.
}
delete-versions = For good: versions { $versions }, delete markers { $markers }.
delete-stays = Their versions stay and take their space; among the versions they can be had back.
delete-for-good = No versions are kept: they go for good.
delete-doubts = The service's list cannot be right in all; there may be more than was counted.
delete-nothing = Nothing lies there that could be deleted.
delete-type = Type { $word } to delete.
abort-title = Throw away
abort-what = { $count ->
    [one] One unfinished upload.
   *[other] { $count } unfinished uploads.
}
abort-why = The parts that were sent go for good, and whoever still sends has to begin again.
share-title = Share
share-what = A URL that opens { $name } without a key. Lasts as in 30m, 24h or 7d; may read or write.
share-why = Whoever has it can use it until it ends, as if it were a password.
share-secret = It works for whoever has it. It is shown once.
notes-title = Notes and tags
notes-how = ctrl-f takes it. Notes and content type are replaced by a copy onto itself: where versions are kept, a new one.
notes-no-tags = Its tags cannot be read here.
notes-same = Nothing was changed: it is as it was.
carry-title = Nothing was begun
carry-clashes = { $count ->
    [one] One thing stands in the way:
   *[other] { $count } things stand in the way:
}
choice-leave-it = leave it as it is
choice-replace = replace what is there
choice-close = close
choice-copy-url = send it to the terminal's clipboard
leave-transfers = { $count ->
    [one] One transfer is under way. It ends with the browser; what was carried is kept, and the same transfer goes on there.
   *[other] { $count } transfers are under way. They end with the browser; what was carried is kept, and the same transfers go on there.
}
work-busy = Waiting for the service.
work-so-far = { $count } so far.
work-stop = esc gives it up. Nothing is changed.
work-stop-changes = esc gives it up. What was done stays done.
work-given-up = Given up. What was done stays done.
work-count = Counting what goes
work-delete = Deleting
work-make = Making it
work-copy = Copying
work-move = Moving
work-read = Reading its notes
work-note = Noting it
work-restore = Having it back
work-abort = Throwing away
work-share = Signing a URL
work-carry = Looking what is to be carried
work-begun = On its way: { $items } objects, { $bytes }.
work-deleted = { $done } deleted.
work-hidden = { $done } deleted, { $markers } of them behind delete markers.
work-copied = { $done } are where they should be.
work-aborted = { $done } thrown away.
work-undeleted = { $count ->
    [one] It is back: one delete marker was taken off.
   *[other] It is back: { $count } delete markers were taken off.
}
work-undeleted-none = It was not deleted.
work-restored = It is the current version now, { $how }.
work-made = It is there.
work-noted = It is noted.
work-failed = { $count } were not done:
wrong-no-path = Name a file or a directory.
wrong-prefix = Name it without empty parts, . and ..
wrong-bucket = A bucket is called by 3 to 63 lower-case letters, digits, dots and hyphens.
wrong-word = That is another word. Nothing was deleted.
wrong-target = Name a bucket, and a key in it.
wrong-not-a-prefix = Several things go under a prefix: end it with a slash.
wrong-same = That is where it is.
wrong-pair = One name=value a line, each name once.
wrong-tags = An object has at most ten tags.
wrong-lasts = As in 90s, 30m, 24h or 7d; seven days at most.
wrong-may = read or write.

# The browser: trust, bookmarks
do-trust = trust
do-places = places
do-bookmark = bookmark
do-pane-down = details down
do-pane-up = details up
here-copy-sum = send fingerprint
trust-title = Whom this talks to
trust-how = Verification is always on; there is no switch that skips it.
trust-plain = Nobody vouches for it: it is spoken to without TLS, and whoever is on the way can read and change everything.
trust-good = Verified, vouched for by { $by }
trust-days = { $days ->
    [one] Holds for one more day.
   *[other] Holds for { $days } more days.
}
trust-soon = { $days ->
    [one] Ends within one day: renew it before.
   *[other] Ends in { $days } days: renew it before.
}
trust-ended = It does not hold today.
trust-protocol = { $version }, { $cipher }
trust-own = certificate
trust-between = signed by
trust-anchor = trusted CA
trust-names = for { $names }
trust-times = holds { $from } to { $until } UTC
trust-sum = SHA-256 { $sum }
trust-issuer = issued by { $issuer }; key { $key }
trust-behind = behind
trust-ahead = ahead of
trust-clock-same = The service's clock and this computer's are the same, as far as can be told from here.
trust-clock-slight = The service's clock is { $far } { $which } this computer's: times of changes look off by so much.
trust-clock-large = The service's clock is { $far } { $which } this computer's: shared URLs hold so much shorter or longer than they say. From 15 minutes on nothing that is signed here is taken.
trust-clock-refused = The service's clock is { $far } { $which } this computer's: it refuses what is signed here. Set the clock that is wrong.
lacks-nothing = The service does for this bucket all that the browser can ask for.
lacks-versions = No old versions: what is deleted or replaced is gone ({ $why }).
lacks-uploads = Unfinished uploads are not listed ({ $why }).
lacks-parts = Parts of uploads are not listed: an upload that breaks off begins again ({ $why }).
lacks-tags = No tags ({ $why }).
lacks-if-match = Conditions on reads are not kept: a download that breaks off is compared before it goes on ({ $why }).
lacks-checksums = No checksums are kept ({ $why }).
places-title = Bookmarks, and where you have been
places-how = They are kept on this computer, for each registry. tab on the go-to line offers them.
places-none = Nothing is bookmarked, and nowhere has been gone to yet.
places-aside = The file of places could not be read in full and was set aside as { $path }.
places-forgotten = { $count ->
    [one] The oldest bookmark was forgotten, because there are too many.
   *[other] The { $count } oldest bookmarks were forgotten, because there are too many.
}
bookmark-title = Bookmark
bookmark-what = What { $path } is to be called here.
bookmark-kept = It is bookmarked.

# The browser: publishing
here-publish = publish
here-serve = serve this one
ask-model = model
publish-title = Publish
publish-where = A directory of a model, or of one version, becomes a version of a model in { $path }.
publish-how = The steps are shown before any is taken. Without a name the model is called as the directory is.
publish-atomic = Triton sees all of it or nothing at every moment.
publish-not-atomic = Not atomic: Triton can see a part of it for a while.
publish-type = What Triton serves changes by this. Type { $word } to carry it out.
publish-enter = What Triton serves stays as it is. enter carries it out.
wrong-word-kept = That is another word. Nothing was changed.
work-plan = Looking what has to be done
work-carry-out = Carrying it out
work-serves = Done. Triton would serve: { $versions }.
work-serves-none = Done. Triton would serve no version of it.
