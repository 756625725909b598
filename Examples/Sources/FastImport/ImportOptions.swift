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
  /// Where replies go.
  var replies = FileDescriptor.standardOutput

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

  /// What is done with an option that means nothing here.
  static let ignored = [
    "max-pack-size=", "big-file-threshold=", "depth=", "active-branches=", "export-pack-edges=",
  ]

  /// Takes an option that changes nothing about what the stream means.
  ///
  /// - Returns: whether there is such an option.
  mutating func take(option: String) throws -> Bool {
    switch option {
    case "quiet": showsStatistics = false
    case "stats": showsStatistics = true
    case "allow-unsafe-features": break
    default:
      guard let name = Self.ignored.first(where: { option.hasPrefix($0) }) else { return false }
      guard name == "export-pack-edges=" || !option.dropFirst(name.count).utf8.isEmpty else {
        throw ImportError("--\(option): argument must be a non-negative integer")
      }
    }
    return true
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
    } else if let treatment = value("signed-commits=") ?? value("signed-tags=") {
      guard treatment == "verbatim" else {
        throw ImportError("\(feature) is not supported yet; signatures are kept as they are")
      }
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

  /// The commits that submodules have instead of those that the stream says.
  func rewrittenSubmodules() throws -> [ObjectID: ObjectID] {
    var result: [ObjectID: ObjectID] = [:]
    for name in Set(submodulesFrom.keys).union(submodulesTo.keys) {
      guard let from = submodulesFrom[name] else {
        throw ImportError("Missing from marks for submodule '\(name)'")
      }
      guard let to = submodulesTo[name] else {
        throw ImportError("Missing to marks for submodule '\(name)'")
      }
      var new: [UInt64: ObjectID] = [:]
      try Marks.read(to) { new[$0] = $1 }
      try Marks.read(from) { mark, id in
        guard let other = new[mark] else { throw ImportError("mark :\(mark) not declared") }
        result[id] = other
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
