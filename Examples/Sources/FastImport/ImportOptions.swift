public import SystemPackage

/// How a stream is imported: git's own options.
public struct ImportOptions: Sendable {
  var dateFormat = DateFormat.raw
  /// Whether the stream must end with `done`.
  var needsDone = false
  /// Whether refs are updated though commits are lost by that.
  var isForced = false
  var showsStatistics = true
  var allowsUnsafeFeatures = false
  var usesRelativeMarks = false
  var importMarks: [MarksFile] = []
  var exportMarks: FilePath?
  /// By the names of submodules, the marks that their commits had, and those that they have.
  var submodulesFrom: [String: MarksFile] = [:]
  var submodulesTo: [String: MarksFile] = [:]
  var signedCommits = SignatureMode.verbatim
  var signedTags = SignatureMode.verbatim
  /// Options that were given and mean nothing here.
  private(set) var ignored: Set<String> = []
  /// Where replies go.
  var replies = FileDescriptor.standardOutput
  /// Where progress goes.
  var progress = FileDescriptor.standardOutput
  /// Takes what the person should know, a line at a time.
  public var warn: @Sendable (String) -> Void = { _ in }

  /// The changes of a commit that are held before its tree is written, of some 100 bytes each. Trees
  /// that are written before their time are stored in vain, so this is more than most commits have.
  var changeLimit = 100_000

  /// A file of marks to be read.
  struct MarksFile: Sendable {
    let path: FilePath
    let mayBeMissing: Bool
  }

  /// Where relative marks are.
  let folder: FilePath

  /// - Parameter folder: what the names of relative marks files are relative to.
  public init(folder: FilePath) {
    self.folder = folder
  }

  public var isQuiet: Bool { !showsStatistics }

  /// Takes an option that changes nothing about what the stream means.
  ///
  /// - Returns: whether there is such an option.
  mutating func take(option: String) throws -> Bool {
    switch option {
    case "quiet": showsStatistics = false
    case "stats": showsStatistics = true
    case "allow-unsafe-features": break
    default:
      guard let equals = option.firstIndex(of: "=") else { return false }
      let name = String(option[..<equals])
      let value = String(option[option.index(after: equals)...])
      switch name {
      case "signed-commits": signedCommits = try SignatureMode(option: "--" + name, value)
      case "signed-tags": signedTags = try SignatureMode(option: "--" + name, value)
      case "export-pack-edges": ignored.insert(name)
      case "depth", "active-branches":
        guard let number = UInt64(value) else {
          throw ImportError("--\(name): argument must be a non-negative integer")
        }
        // What git's deltas can have.
        let maximum: UInt64 = 8191
        guard name != "depth" || number <= maximum else {
          throw ImportError("--depth cannot exceed \(maximum)")
        }
        ignored.insert(name)
      case "max-pack-size", "big-file-threshold":
        // Git has no other message for a number that is none.
        guard Self.isSize(value) else { return false }
        ignored.insert(name)
      default: return false
      }
    }
    return true
  }

  /// Whether it is a number of bytes, perhaps of KiB, MiB or GiB.
  private static func isSize(_ text: String) -> Bool {
    let number = text.last.map { "kKmMgG".contains($0) } == true ? text.dropLast() : text[...]
    return UInt64(number) != nil
  }

  /// Takes a feature, from the stream or from the command line.
  ///
  /// - Returns: whether there is such a feature.
  mutating func take(feature: String, isFromStream: Bool) throws -> Bool {
    func value(_ prefix: String) -> String? {
      feature.hasPrefix(prefix) ? String(feature.dropFirst(prefix.count)) : nil
    }
    func requireSafe() throws {
      guard !isFromStream || allowsUnsafeFeatures else {
        throw ImportError(
          "feature '\(feature)' forbidden in input without --allow-unsafe-features")
      }
    }
    if let name = value("date-format=") {
      guard let format = DateFormat(rawValue: name) else {
        throw ImportError("unknown --date-format argument \(name)")
      }
      dateFormat = format
    } else if let path = value("import-marks=") ?? value("import-marks-if-exists=") {
      try requireSafe()
      let marks = MarksFile(
        path: marksPath(path), mayBeMissing: feature.hasPrefix("import-marks-if-exists="))
      if isFromStream, !importMarks.isEmpty {
        throw ImportError("Only one import-marks command allowed per stream")
      }
      // What the command line says comes instead of what the stream says.
      if !isFromStream, hasMarksOfStream {
        importMarks = []
        hasMarksOfStream = false
      }
      importMarks.append(marks)
      hasMarksOfStream = isFromStream
    } else if let path = value("export-marks=") {
      try requireSafe()
      exportMarks = marksPath(path)
    } else if let argument = value("rewrite-submodules-from=") {
      let (name, marks) = try submodule(argument)
      submodulesFrom[name] = marks
    } else if let argument = value("rewrite-submodules-to=") {
      let (name, marks) = try submodule(argument)
      submodulesTo[name] = marks
    } else {
      switch feature {
      case "alias", "get-mark", "cat-blob", "notes", "ls": break
      case "relative-marks": usesRelativeMarks = true
      case "no-relative-marks": usesRelativeMarks = false
      case "done": needsDone = true
      case "force": isForced = true
      default: return false
      }
    }
    return true
  }

  private var hasMarksOfStream = false

  private func marksPath(_ path: String) -> FilePath {
    let path = FilePath(path)
    return !usesRelativeMarks || path.isAbsolute ? path : folder.pushing(path)
  }

  private func submodule(_ argument: String) throws -> (name: String, marks: MarksFile) {
    guard let colon = argument.firstIndex(of: ":") else {
      throw ImportError("Expected format name:filename for submodule rewrite option")
    }
    let path = FilePath(String(argument[argument.index(after: colon)...]))
    return (String(argument[..<colon]), MarksFile(path: path, mayBeMissing: false))
  }

  /// The commits that submodules have instead of those that the stream says, by the hexadecimal
  /// digits of those, which are 64 in a stream of a repository that uses SHA-256.
  func rewrittenSubmodules() throws -> [[UInt8]: ObjectID] {
    var result: [[UInt8]: ObjectID] = [:]
    for name in Set(submodulesFrom.keys).union(submodulesTo.keys) {
      guard let from = submodulesFrom[name] else {
        throw ImportError("Missing from marks for submodule '\(name)'")
      }
      guard let to = submodulesTo[name] else {
        throw ImportError("Missing to marks for submodule '\(name)'")
      }
      var new: [UInt64: ObjectID] = [:]
      try Marks.read(to) { new[$0] = $1 }
      try Marks.readDigits(from) { mark, digits in
        guard let other = new[mark] else { throw ImportError("mark :\(mark) not declared") }
        result[digits] = other
      }
    }
    return result
  }

  /// Takes an argument of the command line, as git's `fast-import` does.
  public mutating func take(argument: String) throws {
    guard argument.hasPrefix("--") else { throw ImportError("unknown option \(argument)") }
    let option = String(argument.dropFirst(2))
    if try take(option: option) || take(feature: option, isFromStream: false) { return }
    let prefix = "cat-blob-fd="
    guard option.hasPrefix(prefix) else { throw ImportError("unknown option \(argument)") }
    guard let number = CInt(option.dropFirst(prefix.count)), number >= 0 else {
      throw ImportError("--cat-blob-fd: argument must be a non-negative integer")
    }
    replies = FileDescriptor(rawValue: number)
  }
}
