import Foundation
import SystemPackage
import Testing

/// A directory for one test, removed with everything in it when the test is over.
final class Scratch {
  let path: String
  private var mounts: [String] = []

  /// - Parameter parent: a directory; by default that of temporary files.
  init(in parent: String = NSTemporaryDirectory()) throws {
    var template = Array("\(parent)/cairn-backup-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    // Without symbolic links and doubled slashes, so that it can be looked for in messages.
    let resolved = try #require(realpath(template, nil))
    defer { free(resolved) }
    path = String(cString: resolved)
  }

  deinit {
    for mount in mounts { try? runTool("umount", mount) }
    // Names that are not UTF-8, and directories without permissions, are more than FileManager takes.
    try? runTool("chmod", "-R", "u+rwX", path)
    try? runTool("rm", "-rf", path)
  }

  /// A path below this directory.
  subscript(name: String) -> String { "\(path)/\(name)" }

  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: self[name], withIntermediateDirectories: true)
  }

  func write(_ text: String, to name: String) throws {
    try write(Array(text.utf8), to: name)
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: self[name]))
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: self[name])), as: UTF8.self)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: self[name])
  }

  func exists(_ name: String) -> Bool {
    access(self[name], F_OK) == 0
  }

  /// The files below a directory, as paths from it, sorted.
  func files(below name: String) throws -> [String] {
    let enumerator = try #require(FileManager.default.enumerator(atPath: self[name]))
    return enumerator.compactMap { $0 as? String }.filter { file in
      var isFolder: ObjCBool = false
      let path = self["\(name)/\(file)"]
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  /// Makes a directory in memory that holds so many bytes.
  func mountMemory(_ name: String, size: String) throws {
    try makeDirectory(name)
    try runTool("mount", "-t", "tmpfs", "-o", "size=\(size)", "none", self[name])
    mounts.append(self[name])
  }
}

/// Runs a tool of the system.
func runTool(_ name: String, _ arguments: String...) throws {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = [name] + arguments
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  try #require(process.terminationStatus == 0, "\(name) \(arguments) failed")
}

/// What this machine and user can do.
enum Ability {
  static let isRoot = geteuid() == 0

  /// A folder in memory, if there is one, or else that of temporary files.
  static let memoryFolder =
    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()

  /// Whether file systems can be mounted, which root in a container often cannot.
  static let canMount: Bool = {
    guard isRoot, let scratch = try? Scratch() else { return false }
    return (try? scratch.mountMemory("mount", size: "64k")) != nil
  }()

  /// Whether the program can be run as a user without rights.
  static let canDropPrivileges: Bool = {
    guard isRoot, let scratch = try? Scratch() else { return false }
    guard let user = try? Unprivileged(in: scratch) else { return false }
    return (try? user.program.run(["--help"]).status) == 0
  }()
}

/// The program run as somebody who owns nothing.
struct Unprivileged {
  static let uid = 65534
  let program: Program

  init(in scratch: Scratch) throws {
    try runTool("chmod", "755", scratch.path)
    // The build may stand where only its owner may go.
    try FileManager.default.copyItem(atPath: Program.backup, toPath: scratch["backup"])
    try runTool("chmod", "755", scratch["backup"])
    var program = Program(folder: scratch.path)
    program.executable = scratch["backup"]
    program.wrapper = [
      "setpriv", "--reuid=\(Self.uid)", "--regid=\(Self.uid)", "--clear-groups",
    ]
    self.program = program
  }
}
