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

/// Pieces of blobs in a directory of files, the least recently used of which go when there are too
/// many bytes.
///
/// A blob has a folder, named by the SHA-256 of its name; a piece is a file in it, named by its
/// number:
///
///     0   32  SHA-256 of all that follows, after the bytes "cairn piece 1", a zero byte, the blob's
///             name, a zero byte, and the number in 8 bytes
///     32   1  1 if the blob ends with this piece, else 0
///     33      the bytes: as many as a piece has, or fewer in the last one
///
/// A file is written in place and not synchronized: what is torn by a crash, or read while it is
/// written, does not have its digest, and is removed. The time of a file's last change is the time
/// of its last use. No call throws, and all block.
final class PieceCache: Sendable {
  private struct State {
    /// What the files have in bytes, as far as this process knows; unknown at first.
    var used: Int64?
    /// What this process has added since it last looked.
    var added: Int64 = 0
  }

  private struct Piece {
    let path: FilePath
    let size: Int64
    let lastUse: Int64
  }

  private let directory: FilePath
  private let budget: Int64
  private let state = Mutex(State())

  private static let headerSize = Digest.byteCount + 1
  private static let pieceSize = Int(CachingTarget.pieceSize)

  init(_ directory: FilePath, budget: Int64) {
    self.directory = directory
    self.budget = budget
  }

  private func folder(of name: BlobName) -> FilePath {
    directory.appending(SHA256.hash(of: Array(name.description.utf8).span.bytes).description)
  }

  // MARK: Reading

  /// All bytes of a blob, if all are kept.
  func whole(_ name: BlobName) -> [UInt8]? {
    let found = run(of: name, from: 0, covering: 0..<Int64.max)
    return found.isEnough ? found.bytes : nil
  }

  /// The pieces that follow one another from a number on, up to the end of a range or of the blob,
  /// and whether they go as far as that.
  func run(
    of name: BlobName, from first: Int64, covering range: Range<Int64>
  ) -> (bytes: [UInt8], isEnough: Bool) {
    let folder = folder(of: name)
    var bytes: [UInt8] = []
    var number = first
    while number * CachingTarget.pieceSize < range.upperBound {
      guard let piece = read(number, of: name, in: folder) else { return (bytes, false) }
      bytes += piece.bytes
      if piece.isLast { break }
      number += 1
    }
    return (bytes, true)
  }

  private func read(
    _ number: Int64, of name: BlobName, in folder: FilePath
  ) -> (bytes: [UInt8], isLast: Bool)? {
    let path = folder.appending(String(number))
    let options: FileDescriptor.OpenOptions = [.closeOnExec, .noFollow, .nonBlocking]
    guard let file = try? FileDescriptor.open(path, .readOnly, options: options) else {
      return nil
    }
    defer { try? file.close() }
    let capacity = Self.headerSize + Self.pieceSize
    // One byte more than a piece has, so that a longer file is known.
    guard
      let content = try? [UInt8](
        unsafeUninitializedCapacity: capacity + 1,
        initializingWith: { buffer, count in
          count = try file.readFully(
            at: 0,
            into: UnsafeMutableRawBufferPointer(
              rebasing: UnsafeMutableRawBufferPointer(buffer)[..<(capacity + 1)]))
        }), (Self.headerSize...capacity).contains(content.count)
    else {
      remove(path, in: folder)
      return nil
    }
    let (isLast, bytes) = (content[Digest.byteCount] == 1, Array(content[Self.headerSize...]))
    guard isLast || bytes.count == Self.pieceSize,
      Digest(bytes: content.span.bytes.extracting(first: Digest.byteCount))
        == digest(of: bytes[...], isLast, number, name)
    else {
      remove(path, in: folder)
      return nil
    }
    futimens(file.rawValue, nil)
    return (bytes, isLast)
  }

  private func digest(
    of bytes: ArraySlice<UInt8>, _ isLast: Bool, _ number: Int64, _ name: BlobName
  ) -> Digest {
    var front = BinaryWriter()
    front.append("cairn piece 1".utf8)
    front.append(UInt8(0))
    front.append(name.description.utf8)
    front.append(UInt8(0))
    front.append(number)
    front.append(isLast ? UInt8(1) : 0)
    var hash = SHA256()
    hash.update(front.bytes.span.bytes)
    hash.update(bytes.span.bytes)
    return hash.finalize()
  }

  // MARK: Writing

  /// Keeps what was read of a blob.
  ///
  /// - Parameters:
  ///   - offset: where a piece begins.
  ///   - isWhole: the blob ends where the bytes do; else a piece does.
  func keep(_ bytes: [UInt8], of name: BlobName, from offset: Int64, isWhole: Bool) {
    // Whether a blob ends where its last piece does is not known of what was kept before.
    guard !bytes.isEmpty || offset == 0 else { return }
    let folder = folder(of: name)
    var number = offset / CachingTarget.pieceSize
    var rest = bytes[...]
    repeat {
      let part = rest.prefix(Self.pieceSize)
      rest = rest.dropFirst(part.count)
      write(part, isLast: isWhole && rest.isEmpty, number, of: name, in: folder)
      number += 1
    } while !rest.isEmpty
  }

  private func write(
    _ bytes: ArraySlice<UInt8>, isLast: Bool, _ number: Int64, of name: BlobName,
    in folder: FilePath
  ) {
    let size = Int64(Self.headerSize + bytes.count)
    guard makeRoom(for: size) else { return }
    mkdir(directory.cString, 0o700)
    mkdir(folder.cString, 0o700)
    let path = folder.appending(String(number))
    guard let file = try? path.openNew(permissions: [.ownerReadWrite]) else { return }
    defer { try? file.close() }
    var content = BinaryWriter(reserving: Int(size))
    digest(of: bytes, isLast, number, name).withBytes { content.append($0) }
    content.append(isLast ? UInt8(1) : 0)
    content.append(bytes)
    do throws(Errno) {
      try content.bytes.withRawBytes { (bytes) throws(Errno) in
        try file.writeFully(at: 0, bytes)
      }
    } catch {
      remove(path, in: folder)
    }
  }

  /// Forgets a blob.
  func remove(_ name: BlobName) {
    let folder = folder(of: name)
    for piece in pieces(in: folder) { unlink(piece.path.cString) }
    rmdir(folder.cString)
  }

  private func remove(_ path: FilePath, in folder: FilePath) {
    unlink(path.cString)
    // Does nothing while there are other pieces.
    rmdir(folder.cString)
  }

  // MARK: The budget

  /// Counts bytes that are to be added, and removes others if need be.
  private func makeRoom(for size: Int64) -> Bool {
    guard size <= budget else { return false }
    return state.withLock { state in
      state.added += size
      if let used = state.used, used + size <= budget, state.added <= budget / 8 {
        state.used = used + size
        return true
      }
      state.used = evict(adding: size) + size
      state.added = 0
      return true
    }
  }

  /// Looks at what is there, of all processes, and removes what is too much and an eighth of the
  /// budget more, so that it is not looked at for each piece.
  ///
  /// - Returns: the bytes that are left.
  private func evict(adding size: Int64) -> Int64 {
    var pieces: [Piece] = []
    let names = (try? directory.names()) ?? []
    for name in names where Digest(String(decoding: name, as: UTF8.self)) != nil {
      pieces += self.pieces(in: directory.appending(String(decoding: name, as: UTF8.self)))
    }
    var used = pieces.reduce(0) { $0 + $1.size }
    guard used + size > budget else { return used }
    pieces.sort { $0.lastUse < $1.lastUse }
    for piece in pieces {
      guard used + size > budget - budget / 8, used > 0 else { break }
      remove(piece.path, in: piece.path.removingLastComponent())
      used -= piece.size
    }
    return used
  }

  private func pieces(in folder: FilePath) -> [Piece] {
    let names = (try? folder.names()) ?? []
    return names.compactMap { name -> Piece? in
      let name = String(decoding: name, as: UTF8.self)
      let path = folder.appending(name)
      guard Int64(name) != nil,
        let status = try? FileDescriptor.workingDirectory.status(of: path.cString),
        status.kind == .regular
      else { return nil }
      return Piece(path: path, size: status.size, lastUse: status.modificationTime)
    }
  }
}
