import CairnChunks
import Foundation
import SystemPackage

@testable import CairnSFTP

/// A small SFTP server in this process, with files in memory, that does wrong as it is told to.
final class ScriptedServer: @unchecked Sendable {
  // Sendable: what changes is used while `lock` is held.

  /// A message of the client.
  struct Request {
    /// How many came before it over all connections, the greeting included.
    let number: Int
    let kind: UInt8
    let id: UInt32
    let body: [UInt8]
  }

  /// What to do with a request.
  enum Action {
    /// What it asks for.
    case answer
    /// Nothing but to answer with this status.
    case status(UInt32, String)
    /// What it asks for, but to answer with these bytes.
    case raw([UInt8])
    /// What it asks for, without an answer.
    case silence
    /// End in front of it, or behind it without an answer.
    case die
    case dieBehind
  }

  private let lock = NSLock()
  private var files: [String: [UInt8]] = [:]
  private var folders: Set<String> = ["root"]
  private var modificationTimes: [String: UInt32] = [:]
  private var count = 0
  private var script: (Request) -> Action = { _ in .answer }

  /// What the greeting offers.
  var extensions = ["fsync@openssh.com": "1", "limits@openssh.com": "1"]
  /// The version in the greeting.
  var version: UInt32 = 3
  /// What it says of its room.
  var freeBytes: UInt64 = 1 << 40
  var freeFiles: UInt64 = 1000
  /// No more bytes of a file go into one answer.
  var longestData = Int.max
  /// Whether renaming replaces what exists, as rclone does.
  var replaces = false
  /// Answers of some requests are sent in another order.
  var shuffles = false
  /// What is sent before anything else.
  var noise: [UInt8] = []
  /// What names of any folder also are, as a hostile server sends them.
  var oddNames: [[UInt8]] = []
  /// The size that is named for files, if it is not the true one.
  var namedSize: UInt64?

  init() {
    signal(SIGPIPE, SIG_IGN)
  }

  /// From now on, does as `script` says; counts from zero again.
  func follow(_ script: @escaping (Request) -> Action) {
    locked {
      self.script = script
      count = 0
    }
  }

  func behave() { follow { _ in .answer } }

  var requestCount: Int { locked { count } }

  var fileNames: [String] { locked { files.keys.sorted() } }

  subscript(path: String) -> [UInt8]? {
    get { locked { files[path] } }
    set { locked { files[path] = newValue } }
  }

  func addFolder(_ path: String) { locked { _ = folders.insert(path) } }

  func setModificationTime(_ time: UInt32, of path: String) {
    locked { modificationTimes[path] = time }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body()
  }

  // MARK: Connections

  /// Opens a target on it.
  func target(_ options: SFTPOptions = SFTPOptions()) async throws -> SFTPTarget {
    try await SFTPTarget.open(
      Connector("scripted", options, sendsInOrder: false) { () throws(SFTPFailure) in
        self.connect()
      }, path: "root", creating: false, options: options)
  }

  private func connect() -> Peer {
    var toServer: [Int32] = [0, 0]
    var fromServer: [Int32] = [0, 0]
    precondition(pipe(&toServer) == 0 && pipe(&fromServer) == 0)
    for file in [toServer[1], fromServer[0]] {
      _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK)
    }
    let (input, output) = (toServer[0], fromServer[1])
    let thread = Thread { [self] in
      serve(input, output)
      close(input)
      close(output)
    }
    thread.start()
    let (writing, reading) = (toServer[1], fromServer[0])
    return Peer(
      name: "scripted", input: FileDescriptor(rawValue: writing),
      output: FileDescriptor(rawValue: reading), messages: nil
    ) { _ in
      close(writing)
      close(reading)
      return "the script ended"
    }
  }

  private func serve(_ input: Int32, _ output: Int32) {
    var handles: [String: OpenHandle] = [:]
    var held: [[UInt8]] = []
    func send(_ bytes: [UInt8]) -> Bool { bytes.isEmpty || writeAll(output, bytes) }
    guard send(noise) else { return }
    while true {
      if !held.isEmpty, !hasInput(input) || held.count == 8 {
        for answer in held.shuffled() where !send(answer) { return }
        held = []
      }
      guard let message = receive(input) else { return }
      let action = locked {
        let request = Request(
          number: count, kind: message.kind, id: message.id, body: message.body)
        count += 1
        return (request, script(request))
      }
      var answer: [UInt8]
      switch action.1 {
      case .die: return
      case .status(let code, let text): answer = status(message.id, code, text)
      case .answer, .raw, .silence, .dieBehind:
        answer = locked { respond(to: action.0, &handles) }
      }
      switch action.1 {
      case .raw(let bytes): answer = bytes
      case .silence: continue
      case .dieBehind: return
      default: break
      }
      if shuffles, message.kind != 1 { held.append(answer) } else if !send(answer) { return }
    }
  }

  private func hasInput(_ file: Int32) -> Bool {
    var request = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 2) > 0
  }

  private func receive(_ file: Int32) -> (kind: UInt8, id: UInt32, body: [UInt8])? {
    guard let head = readAll(file, 4) else { return nil }
    let length = head.reduce(0) { $0 << 8 | Int($1) }
    guard let bytes = readAll(file, length), let kind = bytes.first else { return nil }
    if kind == 1 { return (kind, 0, Array(bytes.dropFirst())) }
    let id = bytes[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return (kind, id, Array(bytes.dropFirst(5)))
  }

  private func readAll(_ file: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let result = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + done, count - done) }
      guard result > 0 else { return nil }
      done += result
    }
    return bytes
  }

  private func writeAll(_ file: Int32, _ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let result = bytes.withUnsafeBytes { write(file, $0.baseAddress! + done, bytes.count - done) }
      guard result > 0 else { return false }
      done += result
    }
    return true
  }

  // MARK: Answers

  private struct OpenHandle {
    let path: String
    /// The names that are still to be given, for a folder.
    var names: [String]?
  }

  private func respond(
    to request: Request, _ handles: inout [String: OpenHandle]
  ) -> [UInt8] {
    var fields = PacketReader(request.body[...])
    func text() -> String { (try? fields.readText()) ?? "" }
    func number<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
      (try? fields.readInteger(type)) ?? 0
    }
    let id = request.id
    func done(_ code: UInt32 = StatusCode.ok) -> [UInt8] { status(id, code, "") }
    func open(_ handle: OpenHandle) -> [UInt8] {
      let name = "h\(request.number)"
      handles[name] = handle
      var packet = reply(Message.handle, id)
      packet.append(name)
      return finished(packet)
    }

    switch request.kind {
    case Message.initialize:
      var packet = PacketWriter(Message.version)
      packet.append(version)
      for (name, value) in extensions {
        packet.append(name)
        packet.append(value)
      }
      return finished(packet)
    case Message.open:
      let path = text()
      let flags = OpenFlags(rawValue: number(UInt32.self))
      if flags.contains(.create) {
        guard folders.contains(parent(of: path)) else { return done(StatusCode.noSuchFile) }
        guard files[path] == nil else { return done(StatusCode.failure) }
        files[path] = []
      }
      guard files[path] != nil || folders.contains(path) else { return done(StatusCode.noSuchFile) }
      return open(OpenHandle(path: path))
    case Message.openDirectory:
      let path = text()
      guard folders.contains(path) else { return done(StatusCode.noSuchFile) }
      let all = Array(files.keys) + folders
      return open(
        OpenHandle(
          path: path,
          names: [".", ".."]
            + all.filter { parent(of: $0) == path }.map {
              String($0.dropFirst(path.utf8.count + 1))
            }))
    case Message.readDirectory:
      let handle = text()
      guard let names = handles[handle]?.names, !names.isEmpty else {
        return done(StatusCode.endOfFile)
      }
      let path = handles[handle]!.path
      let part = names.prefix(50)
      handles[handle]?.names = Array(names.dropFirst(50))
      let odd = names.count <= 50 ? oddNames : []
      var packet = reply(Message.name, id)
      packet.append(UInt32(part.count + odd.count))
      for name in part {
        packet.append(name)
        packet.append("a line for people about \(name)")
        append(attributesOf: "\(path)/\(name)", to: &packet)
      }
      for name in odd {
        packet.append(name)
        packet.append("")
        packet.append(UInt32(FileAttributes.sizeFlag | FileAttributes.permissionsFlag))
        packet.append(UInt64(7))
        packet.append(UInt32(0o100600))
      }
      return finished(packet)
    case Message.close:
      return done(handles.removeValue(forKey: text()) == nil ? StatusCode.failure : StatusCode.ok)
    case Message.read:
      let (handle, offset, count) = (text(), number(UInt64.self), number(UInt32.self))
      guard let path = handles[handle]?.path, let bytes = files[path] else {
        return done(StatusCode.failure)
      }
      guard offset < UInt64(bytes.count) else { return done(StatusCode.endOfFile) }
      let part = bytes[Int(offset)...].prefix(min(Int(count), longestData))
      var packet = reply(Message.data, id)
      packet.append(Array(part))
      return finished(packet)
    case Message.write:
      let (handle, offset) = (text(), Int(number(UInt64.self)))
      let bytes = (try? fields.readString()) ?? []
      guard let path = handles[handle]?.path, let old = files[path] else {
        return done(StatusCode.failure)
      }
      var new = old
      if new.count < offset + bytes.count {
        new += [UInt8](repeating: 0, count: offset + bytes.count - new.count)
      }
      new.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      files[path] = new
      return done()
    case Message.pathStatus, Message.fileStatus:
      let name = text()
      let path = request.kind == Message.fileStatus ? handles[name]?.path ?? "" : name
      guard files[path] != nil || folders.contains(path) else { return done(StatusCode.noSuchFile) }
      var packet = reply(Message.attributes, id)
      append(attributesOf: path, to: &packet)
      return finished(packet)
    case Message.remove:
      let path = text()
      if folders.contains(path) { return done(StatusCode.failure) }
      return done(files.removeValue(forKey: path) == nil ? StatusCode.noSuchFile : StatusCode.ok)
    case Message.makeDirectory:
      let path = text()
      guard folders.contains(parent(of: path)) else { return done(StatusCode.noSuchFile) }
      return done(folders.insert(path).inserted ? StatusCode.ok : StatusCode.failure)
    case Message.rename:
      let (old, new) = (text(), text())
      guard let bytes = files[old], folders.contains(parent(of: new)) else {
        return done(StatusCode.noSuchFile)
      }
      guard replaces || files[new] == nil else { return done(StatusCode.failure) }
      files[old] = nil
      files[new] = bytes
      return done()
    case Message.extended:
      let name = text()
      guard extensions[name] != nil else { return done(StatusCode.unsupported) }
      if name == "limits@openssh.com" {
        var packet = reply(Message.extendedReply, id)
        for limit in [256 << 10, 4000, 3000, 0] as [UInt64] { packet.append(limit) }
        return finished(packet)
      }
      if name == "statvfs@openssh.com" {
        var packet = reply(Message.extendedReply, id)
        for number in [4096, 1, .max, .max, freeBytes, 1000, 1000, freeFiles, 7, 0, 255] as [UInt64]
        {
          packet.append(number)
        }
        return finished(packet)
      }
      return done(handles[text()] == nil ? StatusCode.failure : StatusCode.ok)
    default:
      return done(StatusCode.unsupported)
    }
  }

  private func append(attributesOf path: String, to packet: inout PacketWriter) {
    packet.append(UInt32(FileAttributes.sizeFlag | FileAttributes.permissionsFlag | 8))
    packet.append(namedSize ?? UInt64(files[path]?.count ?? 4096))
    packet.append(UInt32(files[path] == nil ? 0o040700 : 0o100600))
    packet.append(UInt32(0))
    packet.append(modificationTimes[path] ?? 1_000_000)
  }

  private func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }
}

/// The beginning of an answer to a request.
func reply(_ kind: UInt8, _ id: UInt32) -> PacketWriter {
  var packet = PacketWriter.request(kind)
  packet.setID(id)
  return packet
}

func finished(_ packet: PacketWriter) -> [UInt8] {
  var packet = packet
  packet.finish()
  return packet.bytes
}

func status(_ id: UInt32, _ code: UInt32, _ text: String) -> [UInt8] {
  var packet = reply(Message.status, id)
  packet.append(code)
  packet.append(text)
  packet.append("en")
  return finished(packet)
}
