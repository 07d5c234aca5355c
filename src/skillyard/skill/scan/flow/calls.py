"""Which calls of Python and JavaScript read, send, run, load or delete, by their dotted names."""

from __future__ import annotations

from skillyard.skill.scan.flow.model import Source, words_in

NETWORK_ROOTS = words_in(
    "requests httpx aiohttp urllib urllib2 urllib3 http httplib smtplib ftplib socket websocket websockets "
    "websocket_client "
    "telnetlib paramiko pycurl cloudscraper curl_cffi treq httplib2 dns fetch axios got https http2 request node-fetch "
    "undici superagent net tls dgram ws WebSocket XMLHttpRequest EventSource nodemailer ky needle imaplib niquests "
    "request-promise cross-fetch ofetch follow-redirects pysftp ftp basic-ftp"
)
SENDS = words_in(
    "get post put patch delete head options request urlopen urlretrieve send sendall sendto send_message "
    "sendmail sendMail "
    "storbinary storlines create_connection connect_ex gethostbyname getaddrinfo resolve query resolve4 "
    "resolveTxt lookup "
    "write end fetch stream open_connection putrequest endheaders push upload_fileobj ws_connect upload open get_json "
    "default execute pool_request retrieve request_encode_body publish stor login gethostbyname_ex sendBeacon emit"
)
CALLED_THEMSELVES = words_in("fetch axios got request node-fetch needle ky superagent undici.fetch cross-fetch ofetch")
CONNECTS = words_in(
    "Session Client AsyncClient ClientSession HTTPSConnection HTTPConnection SMTP SMTP_SSL FTP FTP_TLS socket Request "
    "PoolManager create WebSocket connect createConnection createTransport XMLHttpRequest open Http Curl SSHClient "
    "Transport AsyncHTTPClient create_session session extend Socket IMAP4_SSL create_scraper Resolver"
)
RUNS_CODE = words_in(
    "eval exec compile execfile builtins.eval builtins.exec __builtins__.eval __builtins__.exec builtins.compile "
    "Function vm.runInNewContext vm.runInThisContext vm.runInContext vm.Script vm.compileFunction "
    "globalThis.eval window.eval global.eval globalThis.Function window.Function global.Function Function.constructor "
    "code.InteractiveInterpreter.runsource code.InteractiveConsole.push types.FunctionType GeneratorFunction "
    "AsyncFunction"
)
RUNS_SHELL = words_in(
    "os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput child_process.exec "
    "child_process.execSync asyncio.create_subprocess_shell execa.command execa.commandSync execaCommand shelljs.exec "
    "pty.spawn os.popen2 os.popen3 popen2.popen2 platform.popen"
)
RUNS_PROGRAM = words_in(
    "subprocess.run subprocess.call subprocess.Popen subprocess.check_output subprocess.check_call "
    "asyncio.create_subprocess_exec child_process.spawn child_process.spawnSync child_process.execFile "
    "child_process.execFileSync child_process.fork os.execv os.execve os.execvp os.execl os.execlp os.execle os.spawnl "
    "os.spawnv os.spawnvp os.posix_spawn execa execaSync Bun.spawn Bun.spawnSync Deno.Command Deno.run cross-spawn "
    "os.startfile runpy.run_path ctypes.CDLL ctypes.cdll.LoadLibrary"
)
LOADS = words_in(
    "pickle.load pickle.loads cPickle.load cPickle.loads _pickle.loads dill.load dill.loads cloudpickle.load "
    "cloudpickle.loads marshal.load marshal.loads yaml.load yaml.unsafe_load yaml.full_load yaml.load_all torch.load "
    "joblib.load jsonpickle.decode shelve.open pandas.read_pickle pd.read_pickle node-serialize.unserialize "
    "pickle.Unpickler numpy.load np.load"
)
DELETES = words_in(
    "shutil.rmtree os.remove os.unlink os.rmdir os.removedirs fs.rm fs.rmSync fs.rmdir fs.rmdirSync fs.unlink "
    "fs.unlinkSync "
    "rimraf rimraf.sync fs-extra.remove fs-extra.removeSync fse.remove fs.promises.rm fs/promises.rm"
)
OPENS = words_in(
    "open io.open codecs.open gzip.open tarfile.open zipfile.ZipFile ZipFile fs.createWriteStream aiofiles.open"
)
WRITES_AT_FIRST = words_in(
    "fs.writeFile fs.writeFileSync fs.appendFile fs.appendFileSync fs.promises.writeFile fs/promises.writeFile "
    "Deno.writeTextFile Bun.write os.makedirs os.mkdir fs.mkdirSync fs.mkdir"
)
COPIES = words_in(
    "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move os.rename os.replace fs.copyFileSync "
    "fs.copyFile "
    "fs.cpSync shutil.make_archive"
)
SOURCES: dict[str, Source] = {
    **dict.fromkeys(words_in(
        "pyperclip.paste clipboard.paste win32clipboard.GetClipboardData navigator.clipboard.readText clipboardy.read "
        "clipboardy.readSync clipboardy.default.read tkinter.Tk.clipboard_get "
        "pandas.read_clipboard"), Source.CLIPBOARD),
    **dict.fromkeys(words_in(
        "pyautogui.screenshot PIL.ImageGrab.grab ImageGrab.grab mss.mss.grab mss.mss.shot pyscreenshot.grab "
        "screenshot-desktop mss.mss cv2.VideoCapture sounddevice.rec"), Source.SCREEN),
    **dict.fromkeys(words_in(
        "keyboard.read_event keyboard.record keyboard.get_typed_strings keyboard.read_key keyboard.start_recording "
        "iohook"), Source.KEYS),
    **dict.fromkeys(words_in(
        "browser_cookie3.chrome browser_cookie3.firefox browser_cookie3.load browser_cookie3.edge "
        "browser_cookie3.brave browser_cookie3.safari rookiepy.chrome rookiepy.load pycookiecheat.chrome_cookies "
        "win32crypt.CryptUnprotectData"), Source.BROWSER),
}  # fmt: skip
LISTENS_TO_KEYS = words_in(
    "pynput.keyboard.Listener keyboard.on_press keyboard.hook keyboard.on_release pynput.keyboard.Events"
)
SOURCE_PATHS = {
    "flask.request": Source.DOWNLOAD,
    "os.environ": Source.ENVIRONMENT, "process.env": Source.ENVIRONMENT, "os.environb": Source.ENVIRONMENT,
    "document.cookie": Source.BROWSER, "localStorage": Source.BROWSER, "sessionStorage": Source.BROWSER,
}  # fmt: skip
SENDS_ADDRESS = words_in(
    "navigator.sendBeacon asyncio.open_connection webbrowser.open webbrowser.open_new webbrowser.open_new_tab "
    "window.open"
)
RECEIVES = words_in("recv recvfrom accept recv_into makefile")
UPLOADS = words_in(
    "upload_file upload_fileobj put_object put send_document sendDocument files_upload files_upload_v2 "
    "upload_from_filename upload_blob create_gist send_file_to add_file_remote"
)
READS_VARIABLE = words_in("os.getenv os.environ.get Deno.env.get os.environ.pop os.environ.setdefault")
HOMES = words_in("pathlib.Path.home Path.home os.homedir os.userInfo.homedir")
TEMPORARY = words_in(
    "tempfile.mkdtemp tempfile.mktemp tempfile.NamedTemporaryFile fs.mkdtempSync os.tmpdir tempfile.gettempdir"
)
LISTS_FOLDER = words_in(
    "os.listdir os.scandir os.walk glob.glob glob.iglob fs.readdirSync fs.readdir fs.promises.readdir "
    "fs/promises.readdir"
)
LISTING_METHODS = words_in("glob rglob iterdir")
READING_METHODS = words_in("read_text read_bytes open")
WRITING_METHODS = words_in("write_text write_bytes")
# What comes out of these tells nothing of what went in.
CLEAN = words_in(
    "len isinstance type hasattr callable print exists isfile is_file isdir is_dir bool startswith endswith "
    "sections keys "
    "hexdigest digest stat getsize getmtime st_size status_code ok status existsSync has includes startsWith endsWith "
    "isinstance id min max log info debug warning error warn range mkdir chmod unlink close sleep exit strftime "
    "now today "
    "indexOf count Object.keys raise_for_status setTimeout sha256 md5 sha1 reason is_dir_sync [compare] fileno "
    "which getuser "
    "makedirs dirname basename getLogger add_argument suffix stem parent"
)
# What these return is one entry picked out of their receiver.
PICKS = words_in(
    "get pop group match search findall exec getPassword get_password getItem authenticators find fetchone regex"
)
GATHERS = words_in(
    "append add extend update insert push unshift attach add_attachment set_content set_payload write writestr "
    "writelines "
    "put addfile setdefault set concat_into assign add_field send_keys set_data appendChild"
)
