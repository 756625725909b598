import CairnCore
import CairnCrypto
import Synchronization
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The packs that a verification has read and found sound, in a file of this machine, so that the
/// next one goes on where it ended, however it ended.
///
///     cairn verify 1
///     repository <32 hexadecimal digits>
///     checked <"contents" or "names">
///     pack <64 hexadecimal digits>, in order, each
///     sha256 <SHA-256 of the lines before>
///
/// Packs with a problem are not in it: they are read again, so that each report has all problems.
final class VerifyLedger: Sendable {
  /// What was looked at in a pack.
  enum Check: String, Sendable {
    /// That its bytes have the digest that names it.
    case names
    /// That, and all that is in it.
    case contents
  }

  private struct State {
    var sound: Set<Digest> = []
    var isChanged = false
    var lastSave = ContinuousClock.now
  }

  private let path: FilePath
  private let repository: RepositoryID
  private let check: Check
  private let state = Mutex(State())

  private static let firstLine = "cairn verify 1"
  /// That of ten million packs is shorter.
  private static let maximumSize = 1 << 30
  /// What a kill may cost.
  private static let saveInterval = Duration.seconds(5)

  /// Takes up what the file says, if there is one; blocks.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged`` if it is not as it was written,
  ///   ``ChunkStoreError/Code/newerFormat``, ``ChunkStoreError/Code/invalid`` if it is of another
  ///   repository or another check, ``ChunkStoreError/Code/host`` if it cannot be read.
  init(_ path: FilePath, of repository: RepositoryID, _ check: Check) throws(ChunkStoreError) {
    self.path = path
    self.repository = repository
    self.check = check
    let bytes: [UInt8]
    do throws(Errno) {
      let file = try FileDescriptor.openFile(path)
      defer { try? file.close() }
      bytes = try file.readAll(upTo: Self.maximumSize)
    } catch {
      if error == .noSuchFileOrDirectory { return }
      throw Self.unusable(path, .systemCall("read", path.displayText, error))
    }
    let sound = try Self.parse(bytes, path, repository, check)
    state.withLock { $0.sound = sound }
  }

  /// Whether a pack was read before and found sound.
  func contains(_ pack: Digest?) -> Bool {
    pack.map { pack in state.withLock { $0.sound.contains(pack) } } ?? false
  }

  /// Takes note of a sound pack, and saves now and then.
  func insert(_ pack: Digest) throws(ChunkStoreError) {
    let isTime = state.withLock { state in
      state.isChanged = state.sound.insert(pack).inserted || state.isChanged
      return ContinuousClock.now - state.lastSave > Self.saveInterval
    }
    if isTime { try save() }
  }

  /// Replaces the file by what is known now, durably; blocks.
  func save() throws(ChunkStoreError) {
    let (isChanged, sound) = state.withLock { ($0.isChanged, $0.sound) }
    guard isChanged else { return }
    do throws(IOError) {
      let replacement = try ReplacementFile(for: path, permissions: .ownerReadWrite)
      do throws(Errno) {
        try text(sound).withRawBytes { (bytes) throws(Errno) in
          try replacement.file.writeFully(bytes)
        }
      } catch {
        throw .systemCall("write", path.displayText, error)
      }
      try replacement.publish()
    } catch {
      throw Self.unusable(path, error)
    }
    state.withLock { state in
      state.isChanged = false
      state.lastSave = .now
    }
  }

  /// Removes the file: every pack was read, and the next verification begins with the first.
  func remove() throws(ChunkStoreError) {
    state.withLock { $0 = State() }
    do throws(Errno) {
      try retryOnInterrupt { unlink(path.cString) }
    } catch {
      if error != .noSuchFileOrDirectory {
        throw Self.unusable(path, .systemCall("remove", path.displayText, error))
      }
    }
  }

  @inline(never)
  private static func unusable(_ path: FilePath, _ error: IOError) -> ChunkStoreError {
    ChunkStoreError(
      .host,
      "\(path.displayText) cannot take the notes of a verification; name another file for them",
      cause: error)
  }

  // MARK: The text

  private func text(_ sound: Set<Digest>) -> [UInt8] {
    Self.text(sound.sorted(), repository, check)
  }

  private static func text(
    _ packs: [Digest], _ repository: RepositoryID, _ check: Check
  ) -> [UInt8] {
    var lines = "\(firstLine)\nrepository \(repository)\nchecked \(check.rawValue)\n"
    for pack in packs { lines += "pack \(pack)\n" }
    let bytes = Array(lines.utf8)
    return bytes + Array("sha256 \(SHA256.hash(of: bytes.span.bytes))\n".utf8)
  }

  private static func parse(
    _ bytes: [UInt8], _ path: FilePath, _ repository: RepositoryID, _ check: Check
  ) throws(ChunkStoreError) -> Set<Digest> {
    let damaged = ChunkStoreError(
      .damaged,
      "\(path.displayText) does not hold what was written of a verification; remove it, and "
        + "verification begins anew")
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first, first.hasPrefix("cairn verify ") else { throw damaged }
    guard first == firstLine else {
      throw ChunkStoreError(
        .newerFormat,
        "\(path.displayText) was written by a newer program; update this one, or remove the file")
    }
    var packs: [Digest] = []
    var named: RepositoryID?
    var kind: Check?
    for line in lines.dropFirst() {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      switch (words.first, words.count) {
      case ("repository", 2): named = RepositoryID(String(words[1]))
      case ("checked", 2): kind = Check(rawValue: String(words[1]))
      case ("pack", 2): if let pack = Digest(String(words[1])) { packs.append(pack) }
      default: break
      }
    }
    // Whatever was not understood, or changed, makes the text differ from what would be written.
    guard let named, let kind, text(packs, named, kind) == bytes else { throw damaged }
    guard named == repository, kind == check else {
      throw ChunkStoreError(
        .invalid,
        named == repository
          ? "\(path.displayText) is of a verification that checked \(kind.rawValue), and this one "
            + "checks \(check.rawValue); use another file for it"
          : "\(path.displayText) is of a verification of the repository \(named), and this one is "
            + "\(repository); use another file for it")
    }
    return Set(packs)
  }
}
