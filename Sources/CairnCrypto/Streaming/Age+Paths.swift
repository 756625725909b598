public import CairnCore
public import SystemPackage

extension Age {
  /// Seals a file into another, which gets its name when it is whole and durable.
  ///
  /// A file that has this name already is replaced then, and stays as it is if anything fails. The
  /// call blocks. Threads and memory are as for
  /// ``seal(from:to:recipients:armored:threadLimit:progress:)``.
  ///
  /// - Parameters:
  ///   - source: The file to seal.
  ///   - destination: The age file; it may be the same name as `source`.
  ///   - recipients: Who can open the file; at least one.
  ///   - armored: Whether the file is to be text, see ``Armor``.
  ///   - permissions: The mode of the new file, from which the umask takes away.
  ///   - threadLimit: The most threads to use, the caller's among them.
  ///   - progress: Told of the plaintext done, some ten times a second. What it throws ends the
  ///     work.
  /// - Throws: As ``seal(from:to:recipients:armored:threadLimit:progress:)``. Nothing is left behind.
  public static func sealFile(
    at source: FilePath, to destination: FilePath, recipients: [any Recipient],
    armored: Bool = false,
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead],
    threadLimit: Int = defaultThreadLimit, progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    let input = try openForReading(source)
    defer { try? input.close() }
    try seal(
      from: input, toFileAt: destination, recipients: recipients, armored: armored,
      permissions: permissions, threadLimit: threadLimit, progress: progress)
  }

  /// Seals what a descriptor gives into a file, which gets its name when it is whole and durable.
  ///
  /// The descriptor is borrowed. All else is as for
  /// ``sealFile(at:to:recipients:armored:permissions:threadLimit:progress:)``.
  public static func seal(
    from input: FileDescriptor, toFileAt destination: FilePath, recipients: [any Recipient],
    armored: Bool = false,
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead],
    threadLimit: Int = defaultThreadLimit, progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    try replace(destination, permissions) { (output) throws(CryptoError) in
      try seal(
        from: input, to: output, recipients: recipients, armored: armored,
        threadLimit: threadLimit, progress: progress)
    }
  }

  /// Opens an age file into another, which gets its name when all of it has been authenticated and
  /// is durable.
  ///
  /// A file that has this name already is replaced then, and stays as it is if anything fails. The
  /// call blocks. Threads and memory are as for
  /// ``seal(from:to:recipients:armored:threadLimit:progress:)``.
  ///
  /// - Parameters:
  ///   - source: The age file.
  ///   - destination: Gets the plaintext; it may be the same name as `source`.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  ///   - permissions: The mode of the new file: only its owner reads it, if nothing is said.
  ///   - threadLimit: The most threads to use, the caller's among them.
  ///   - progress: Told of the plaintext done, some ten times a second. What it throws ends the
  ///     work.
  /// - Throws: As ``open(from:to:identities:limits:threadLimit:progress:)``. Nothing is left behind.
  public static func openFile(
    at source: FilePath, to destination: FilePath, identities: [any Identity],
    limits: Header.Limits = Header.Limits(), permissions: FilePermissions = [.ownerReadWrite],
    threadLimit: Int = defaultThreadLimit, progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    let input = try openForReading(source)
    defer { try? input.close() }
    try open(
      from: input, toFileAt: destination, identities: identities, limits: limits,
      permissions: permissions, threadLimit: threadLimit, progress: progress)
  }

  /// Opens the age file that a descriptor gives into a file, which gets its name when all of it has
  /// been authenticated and is durable.
  ///
  /// The descriptor is borrowed. All else is as for
  /// ``openFile(at:to:identities:limits:permissions:threadLimit:progress:)``.
  public static func open(
    from input: FileDescriptor, toFileAt destination: FilePath, identities: [any Identity],
    limits: Header.Limits = Header.Limits(), permissions: FilePermissions = [.ownerReadWrite],
    threadLimit: Int = defaultThreadLimit, progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    try replace(destination, permissions) { (output) throws(CryptoError) in
      try open(
        from: input, to: output, identities: identities, limits: limits, threadLimit: threadLimit,
        progress: progress)
    }
  }

  /// Puts the payload of a file under a new header, in a file that gets its name when it is whole
  /// and durable; see
  /// ``rewrap(from:to:identities:recipients:armored:limits:)-(ByteReader,_,_,_,_,_)``.
  ///
  /// - Parameter destination: It may be the name of the file that `input` reads.
  public static func rewrap(
    from input: FileDescriptor, toFileAt destination: FilePath, identities: [any Identity],
    recipients: [any Recipient], armored: Bool = false, limits: Header.Limits = Header.Limits(),
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
  ) throws(CryptoError) {
    try replace(destination, permissions) { (output) throws(CryptoError) in
      try rewrap(
        from: input, to: output, identities: identities, recipients: recipients,
        armored: armored, limits: limits)
    }
  }

  private static func replace(
    _ destination: FilePath, _ permissions: FilePermissions,
    _ body: (FileDescriptor) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    let output: ReplacementFile
    do throws(IOError) {
      output = try ReplacementFile(for: destination, permissions: permissions)
    } catch {
      throw .io(error)
    }
    try body(output.file)
    do throws(IOError) { try output.publish() } catch { throw .io(error) }
  }

  private static func openForReading(_ path: FilePath) throws(CryptoError) -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    } catch let error as Errno {
      throw .io(.systemCall("open", path.string, error))
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }
}
