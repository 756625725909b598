import CairnCore
public import SystemPackage

/// Views that are kept with a log, each under a name: a file for each in the folder `views` of the
/// log's directory.
///
/// The log itself is neither opened nor changed, and who may only read it can have views of it where
/// that folder can be written. A view is saved in one step and durable then; it is as small as what
/// it was told. It holds on when the log grows.
///
/// May be used from any threads, and by several processes. All calls block.
public struct SavedViews: Sendable, Hashable {
  private let folder: FilePath

  /// The most bytes that a name may have.
  public static let longestName = 64
  /// Of a view that names so many entries, all of them would be read before anything is shown.
  private static let largestFile = 64 << 20
  private static let suffix = ".view"

  /// The views of the log in a directory.
  public init(of log: FilePath) {
    folder = log.appending("views")
  }

  /// The names, in the order of their bytes. What is no view is passed over.
  public func names() throws(LogError) -> [String] {
    do throws(IOError) {
      let files = try folder.names()
      return files.compactMap { Self.name(ofFile: $0) }.sorted { a, b in
        a.utf8.lexicographicallyPrecedes(b.utf8)
      }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return [] }
      throw .storage("cannot list the saved views", error)
    }
  }

  /// Keeps what a view was told under a name, in place of what had that name.
  ///
  /// - Parameters:
  ///   - position: The entry that is looked at.
  ///   - name: Not empty, and of at most ``longestName`` bytes.
  /// - Throws: ``LogError``: `.invalid` for another name, or a view that differs from its default at
  ///   tens of millions of entries; `.storage` if writing fails, and what had the name keeps it then.
  public func save(
    _ view: LogView, position: EntryID? = nil, as name: String
  ) throws(LogError) {
    let path = try path(name)
    let saved = SavedView(
      try view.state, position: position, entryCount: view.snapshot.count)
    let bytes = saved.encoded(view.snapshot.header.identity)
    guard bytes.count <= Self.largestFile else {
      throw .invalid(
        "the view differs from its default at too many entries to be saved; collapse all of them, "
          + "or expand all")
    }
    do throws(IOError) {
      try makeFolder()
      let file = try ReplacementFile(for: path, permissions: Self.permissions)
      do throws(Errno) {
        try bytes.withRawBytes { (bytes) throws(Errno) in try file.file.writeFully(bytes) }
      } catch {
        throw .systemCall("write", path.displayText, error)
      }
      try file.publish()
    } catch {
      throw .storage("cannot save the view \(name)", error)
    }
  }

  /// Less what the process's mask takes away.
  private static let permissions: FilePermissions = [
    .ownerReadWrite, .groupReadWrite, .otherReadWrite,
  ]

  private func makeFolder() throws(IOError) {
    do throws(Errno) {
      try FileDescriptor.workingDirectory.makeDirectory(folder.cString, permissions: 0o777)
    } catch {
      if error == .fileExists { return }
      throw .systemCall("create", folder.displayText, error)
    }
    try folder.removingLastComponent().synchronizeDirectory()
  }

  /// What was kept under a name.
  ///
  /// - Parameter snapshot: of the log; a view is made of both.
  /// - Throws: ``LogError``: `.notFound` if there is no such view, `.otherLog` for one of another
  ///   log, `.damaged` or `.newerFormat` for a file that cannot be used, and `.storage`.
  public func view(named name: String, of snapshot: LogSnapshot) throws(LogError) -> SavedView {
    let bytes = try read(path(name), name)
    var view = try SavedView(bytes, of: snapshot.header.identity, "the saved view \(name)")
    // A log that a crash has cut short has fewer entries than it had.
    if let position = view.position, Int(position.number) >= snapshot.count { view.position = nil }
    return view
  }

  private func read(_ path: FilePath, _ name: String) throws(LogError) -> [UInt8] {
    let subject = "cannot read the saved view \(name)"
    do throws(Errno) {
      // What is no file must not be waited for.
      let file = try FileDescriptor.workingDirectory.openEntry(
        path.cString, .readOnly, options: [.nonBlocking])
      defer { try? file.close() }
      let status = try file.status()
      guard status.kind == .regular else { throw .invalidArgument }
      let size = status.size
      guard size <= Int64(Self.largestFile) else { throw .fileTooLarge }
      var bytes = [UInt8](repeating: 0, count: Int(size))
      var span = bytes.mutableSpan
      var mutable = span.mutableBytes
      let count = try mutable.withUnsafeMutableBytes { (bytes) throws(Errno) in
        try file.readFully(at: 0, into: bytes)
      }
      return Array(bytes.prefix(count))
    } catch {
      if error == .noSuchFileOrDirectory {
        throw LogError(.notFound, "the log has no saved view \(name)")
      }
      throw .storage(subject, .systemCall("read", path.displayText, error))
    }
  }

  /// Forgets the view of a name, if there is one.
  public func remove(_ name: String) throws(LogError) {
    let path = try path(name)
    do throws(IOError) {
      do throws(Errno) {
        try FileDescriptor.workingDirectory.removeEntry(path.cString)
      } catch {
        if error == .noSuchFileOrDirectory { return }
        throw .systemCall("remove", path.displayText, error)
      }
      try folder.synchronizeDirectory()
    } catch {
      throw .storage("cannot remove the saved view \(name)", error)
    }
  }

  // MARK: Names of files

  /// A name whose bytes other than small letters, digits, `-` and `_` are written as `%` and two
  /// digits: any name can be that of a file, and no two names that of the same, whatever the file
  /// system makes of capitals.
  private func path(_ name: String) throws(LogError) -> FilePath {
    guard (1...Self.longestName).contains(name.utf8.count) else {
      throw .invalid("the name of a view has 1 to \(Self.longestName) bytes, and \(name) has not")
    }
    var text = ""
    for byte in name.utf8 {
      if Self.isPlain(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += byte < 0x10 ? "%0" : "%"
        text += String(byte, radix: 16)
      }
    }
    return folder.appending(text + Self.suffix)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func name(ofFile file: [UInt8]) -> String? {
    let suffix = Array(Self.suffix.utf8)
    guard file.count > suffix.count, file.suffix(suffix.count).elementsEqual(suffix) else {
      return nil
    }
    var rest = file.dropLast(suffix.count)
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        guard byte == UInt8(ascii: "%"), rest.count >= 2,
          let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
          !isPlain(value)
        else { return nil }
        rest.removeFirst(2)
        bytes.append(value)
      }
    }
    guard bytes.count <= longestName else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
