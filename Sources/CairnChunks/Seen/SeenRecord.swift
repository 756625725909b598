import CairnCore
public import CairnCrypto
public import SystemPackage

/// What a machine saw last of a repository, in a file of its own: by this it notices what the
/// target's operator took away, put back or exchanged.
///
/// A target can be asked to check what it holds against names and signatures, and shows nothing
/// wrong when a root is gone, or all that was written since last week. ``Repository/changes(since:)``
/// compares.
public struct SeenRecord: Sendable, Hashable {
  /// Whose record it is.
  public let repository: RepositoryID
  /// ``Repository/fingerprint``, to be handed to ``Repository/Options/fingerprint``.
  public let fingerprint: Digest
  /// The roots by their ids.
  public internal(set) var roots: [Digest: SeenRoot]
  /// The ways in.
  public internal(set) var keys: Set<BlobName>
  /// The newest epoch of keys.
  public internal(set) var epoch: Int

  /// A root as it was seen.
  public struct SeenRoot: Sendable, Hashable {
    public let name: String
    /// When it was published, in nanoseconds since 1970.
    public let time: Int64
    /// The epoch of the keys that it was published with.
    public let epoch: Int
  }

  /// Takes note that roots were removed on purpose, so that they are not missed.
  public mutating func forget(_ roots: some Sequence<Digest>) {
    for root in roots { self.roots[root] = nil }
  }

  /// Takes note that a way in was removed on purpose.
  public mutating func forget(key: BlobName) {
    keys.remove(key)
  }
}

// MARK: The file

extension SeenRecord {
  // cairn seen 1
  // repository <32 hexadecimal digits>
  // fingerprint <64 hexadecimal digits>
  // epoch <number>
  // key <the name of its blob>, in order, each
  // root <id> <epoch> <time> <name, UTF-8 in hexadecimal>, in order, each
  // sha256 <SHA-256 of the lines before>

  private static let firstLine = "cairn seen 1"
  /// A record of a million roots is shorter.
  private static let maximumSize = 256 << 20

  var text: [UInt8] {
    var lines = """
      \(Self.firstLine)
      repository \(repository)
      fingerprint \(fingerprint)
      epoch \(epoch)

      """
    for key in keys.sorted() { lines += "key \(key)\n" }
    for (id, root) in roots.sorted(by: { $0.key < $1.key }) {
      lines += "root \(id) \(root.epoch) \(root.time) \(hex(root.name.utf8))\n"
    }
    let bytes = Array(lines.utf8)
    return bytes + Array("sha256 \(SHA256.hash(of: bytes.span.bytes))\n".utf8)
  }

  /// - Returns: `nil` if it is damaged.
  init?(text: [UInt8]) {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }
    guard lines.count >= 5, lines[0].joined(separator: " ") == Self.firstLine,
      lines[1].count == 2, let repository = RepositoryID(lines[1][1]),
      lines[2].count == 2, let fingerprint = Digest(lines[2][1]),
      lines[3].count == 2, let epoch = Int(lines[3][1])
    else { return nil }
    self.repository = repository
    self.fingerprint = fingerprint
    self.epoch = epoch
    keys = []
    roots = [:]
    for words in lines[4...] {
      switch (words[0], words.count) {
      case ("key", 2):
        guard let name = BlobName(words[1]) else { return nil }
        keys.insert(name)
      case ("root", 5):
        guard let id = Digest(words[1]), let epoch = Int(words[2]), let time = Int64(words[3]),
          let name = unhex(words[4])
        else { return nil }
        roots[id] = SeenRoot(
          name: String(decoding: name, as: UTF8.self), time: time, epoch: epoch)
      default:
        break
      }
    }
    // Whatever was not understood, or changed, makes the text differ from what would be written.
    guard self.text == text else { return nil }
  }

  /// Reads a record; blocks on local I/O.
  ///
  /// - Returns: `nil` if there is none yet.
  /// - Throws: ``ChunkStoreError/Code/damaged`` if it is not as it was written, and
  ///   ``ChunkStoreError/Code/host`` if it cannot be read.
  public static func read(_ path: FilePath) throws(ChunkStoreError) -> SeenRecord? {
    let bytes: [UInt8]
    do throws(Errno) {
      let file = try FileDescriptor.openFile(path)
      defer { try? file.close() }
      bytes = try file.readAll(upTo: maximumSize)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw .host(.systemCall("read", path.displayText, error))
    }
    guard let record = SeenRecord(text: bytes) else {
      throw ChunkStoreError(
        .damaged,
        "\(path) does not hold what was written of what was seen last of the repository; remove it "
          + "if you know why, and what is there now counts as seen")
    }
    return record
  }

  /// Replaces the record by this one, durable on return; only the user who runs this can read it.
  /// Blocks on local I/O.
  ///
  /// - Throws: ``ChunkStoreError/Code/host`` if that fails; the old record is there then.
  public func write(_ path: FilePath) throws(ChunkStoreError) {
    do throws(IOError) {
      let replacement = try ReplacementFile(for: path, permissions: .ownerReadWrite)
      do throws(Errno) {
        try text.withRawBytes { (bytes) throws(Errno) in
          try replacement.file.writeFully(bytes)
        }
      } catch {
        throw .systemCall("write", path.displayText, error)
      }
      try replacement.publish()
    } catch {
      throw .host(error)
    }
  }
}

extension FileDescriptor {
  static func openFile(_ path: FilePath) throws(Errno) -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, .readOnly)
    } catch {
      throw error as? Errno ?? .ioError
    }
  }

  /// The whole file, or its beginning if it is longer than can be.
  func readAll(upTo limit: Int) throws(Errno) -> [UInt8] {
    let buffer = ByteBuffer(capacity: 64 << 10)
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let count = try readFully(at: Int64(bytes.count), into: buffer.free)
      if count == 0 { break }
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: buffer.base, count: count))
    }
    return bytes
  }
}

/// The bytes of hexadecimal digits of lower case; `nil` for anything else.
private func unhex(_ text: String) -> [UInt8]? {
  let digits = Array(text.utf8)
  guard digits.count % 2 == 0 else { return nil }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(digits.count / 2)
  for position in stride(from: 0, to: digits.count, by: 2) {
    guard
      let byte = UInt8(String(decoding: digits[position..<position + 2], as: UTF8.self), radix: 16)
    else { return nil }
    bytes.append(byte)
  }
  return bytes
}
