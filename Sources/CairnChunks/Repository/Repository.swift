public import CairnCore
public import CairnCrypto
import Synchronization

/// A repository of chunks on a target, opened by somebody who has a way in.
///
/// Everything stored is sealed for the repository's own keys; ways in (a passphrase, an age
/// recipient) give these to an owner, who can do everything, to a reader, or to a writer, for whom
/// there is ``RepositoryWriter``. What a reader may not do throws
/// ``ChunkStoreError/Code/notPermitted``. All functions may be called from any task at any time.
public final class Repository: Sendable {
  public let target: any Target
  public var id: RepositoryID { descriptor.id }
  public var layout: RepositoryLayout { descriptor.layout }
  /// What the key that opened it allows.
  public var capability: Capability { access.capability }

  let descriptor: Descriptor
  let keyring: Keyring
  /// What is written with.
  var access: Access { keyring.current }
  /// The way in by which this was opened.
  public let openedBy: BlobName
  /// What new blocks are packed by.
  let compressor: any Compressor
  /// What blocks are unpacked by.
  let compressors: [any Compressor]
  let packKeys: PackKeys
  let packWindows: PackWindows
  /// What writers and collectors tell one another.
  let board: AnnouncementBoard

  let index: any ChunkIndex
  /// Describes the packs that sessions put on the target.
  let indexWriter = IndexWriter()
  let indexBlobs = Mutex(IndexBlobSet())
  private let isIndexLoaded = Mutex(false)
  /// Tells whether places in the index changed while somebody relied on them.
  let indexStamp = ChangeStamp()
  /// Whether sessions were begun, so that the index must hold no pack that is gone.
  let hasSessions = Mutex(false)
  private let readers = Mutex<[ChunkReader]>([])

  /// How a repository is used.
  public struct Options: Sendable {
    /// What new blocks are packed by.
    public var compressor: any Compressor
    /// What else may be needed to unpack blocks; LZ4 always can.
    public var otherCompressors: [any Compressor]
    /// Where chunks are; empty when handed over, and filled from the target.
    public var index: any ChunkIndex
    /// The ``Repository/fingerprint`` that the repository must have. Whoever can write to the target
    /// and knows for whom a way in is can put another in its place, with keys of his own; this is
    /// how that is noticed before anything is sealed for him.
    public var fingerprint: Digest?

    public init(
      compressor: any Compressor = LZ4(), otherCompressors: [any Compressor] = [],
      index: any ChunkIndex = CompactChunkIndex(), fingerprint: Digest? = nil
    ) {
      self.fingerprint = fingerprint
      self.compressor = compressor
      self.otherCompressors = otherCompressors
      self.index = index
    }
  }

  init(
    on target: any Target, _ descriptor: Descriptor, _ keyring: Keyring, openedBy: BlobName,
    options: Options
  ) {
    self.target = target
    self.descriptor = descriptor
    self.keyring = keyring
    self.openedBy = openedBy
    compressor = options.compressor
    compressors = [options.compressor, LZ4()] + options.otherCompressors
    index = options.index
    packKeys = PackKeys(target: target, identities: keyring.packIdentities)
    packWindows = PackWindows(target, packKeys)
    board = AnnouncementBoard(target, keyring)
  }

  // MARK: Creating and opening

  /// Creates a repository and a first way in, durable on return.
  ///
  /// - Parameters:
  ///   - target: holds no repository yet.
  ///   - recipients: who can open it: an age recipient, or a passphrase. Several make one way in
  ///     that any of them opens.
  ///   - label: a word of letters, digits and "-" for the way in, which anybody can read.
  ///   - layout: sizes that stay for the repository's life.
  /// - Throws: ``ChunkStoreError/Code/repositoryExists`` if there is one.
  public static func create(
    on target: any Target, for recipients: [any Recipient], label: String = "owner",
    layout: RepositoryLayout = .standard, options: Options = Options()
  ) async throws(ChunkStoreError) -> Repository {
    try await create(on: target, for: recipients, label, layout, sharingKeysWith: nil, options)
  }

  /// Creates a repository that names and cuts data as another one does, and a first way in, durable on
  /// return.
  ///
  /// It gets that one's layout, its id key and its chunker key; all else is its own. So what is copied
  /// from one to the other, ``copy(_:to:options:progress:)``, is not hashed or read in vain, and is
  /// one with what is stored there directly. The price: whoever opens one can find out of the other
  /// what the id key tells him, if he gets at its blobs, and both have one ``fingerprint``.
  ///
  /// - Parameter other: opened by an owner.
  /// - Throws: ``ChunkStoreError/Code/repositoryExists`` if the target holds one;
  ///   ``ChunkStoreError/Code/notPermitted`` unless an owner of the other one asks.
  public static func create(
    on target: any Target, for recipients: [any Recipient], label: String = "owner",
    like other: Repository, options: Options = Options()
  ) async throws(ChunkStoreError) -> Repository {
    guard case .owner = other.access.grant else {
      throw .notPermitted(
        "only an owner of \(other.target.name) can create another repository like it")
    }
    return try await create(
      on: target, for: recipients, label, other.layout, sharingKeysWith: other.access, options)
  }

  private static func create(
    on target: any Target, for recipients: [any Recipient], _ label: String,
    _ layout: RepositoryLayout, sharingKeysWith other: Access?, _ options: Options
  ) async throws(ChunkStoreError) -> Repository {
    guard try await target.size(of: .descriptor) == nil else {
      throw ChunkStoreError(
        .repositoryExists,
        "\(target.name) holds a repository already; open it, or choose another place",
        blob: .descriptor)
    }
    let descriptor = Descriptor(id: try RepositoryID.random(), layout: layout)
    let way = try Way.fresh(in: descriptor.id)
    let access = try Access(
      for: descriptor, way: way.identity.recipient, sharingKeysWith: other)
    // The descriptor comes last: it is what makes this a repository.
    guard case .owner(let owner) = access.grant else { preconditionFailure("it was just made") }
    let key = try await putKey(way, [access], by: [owner], for: recipients, label, on: target)
    try await target.put(.descriptor, BlobSource(Array(descriptor.text.utf8)))
    let repository = Repository(
      on: target, descriptor, try Keyring([access], in: key), openedBy: key, options: options)
    repository.isIndexLoaded.withLock { $0 = true }
    return repository
  }

  /// Opens a repository, as an owner or a reader.
  ///
  /// - Parameter identities: keys and passphrases, tried on each way in.
  /// - Throws: ``ChunkStoreError/Code/noRepository``, ``ChunkStoreError/Code/newerFormat``,
  ///   ``ChunkStoreError/Code/noAccess`` or ``ChunkStoreError/Code/damaged``;
  ///   ``ChunkStoreError/Code/notPermitted`` if what opens it is a writer's key, for which there is
  ///   ``RepositoryWriter/open(on:with:options:)``.
  public static func open(
    on target: any Target, with identities: [any Identity], options: Options = Options()
  ) async throws(ChunkStoreError) -> Repository {
    let repository = try await openAny(on: target, with: identities, options: options)
    guard repository.capability != .writer else {
      throw .notPermitted(
        "the key that was given can add to \(target.name), and read nothing there; use an owner's "
          + "or a reader's key", blob: repository.openedBy)
    }
    return repository
  }

  /// Opens a repository, whatever the key that opens it allows.
  static func openAny(
    on target: any Target, with identities: [any Identity], options: Options
  ) async throws(ChunkStoreError) -> Repository {
    let descriptor = try await readDescriptor(on: target)
    var problem: ChunkStoreError?
    let keys = try await target.blobs(BlobFolder.keys)
    guard !keys.isEmpty else {
      throw ChunkStoreError(
        .noAccess,
        "\(target.name) has no way in left: the blobs below keys/ are missing; restore one of "
          + "them from a copy of the repository")
    }
    for key in keys {
      do {
        try requireSmall(key)
        if let keyring = try await readKey(key.name, on: target, descriptor, identities) {
          try requireExpected(keyring, options, key.name)
          return Repository(
            on: target, descriptor, keyring, openedBy: key.name, options: options)
        }
      } catch {
        problem = error
      }
    }
    if let problem { throw problem }
    throw ChunkStoreError(
      .noAccess,
      identities.isEmpty
        ? "\(target.name) is opened by an identity or a passphrase, and none was given"
        : "no identity or passphrase that was given opens \(target.name); check that it is the "
          + "right one for this repository")
  }

  /// Tells this repository from any that is made to look like it: a digest of its keys, which says
  /// nothing of them and is the same for all who open it.
  public var fingerprint: Digest { keyring.fingerprint }

  private static func requireExpected(
    _ keyring: Keyring, _ options: Options, _ key: BlobName
  ) throws(ChunkStoreError) {
    guard let expected = options.fingerprint, keyring.fingerprint != expected else { return }
    throw ChunkStoreError(
      .damaged,
      "the way in \(key) gives the keys of another repository than the one that was here before; "
        + "somebody has replaced it: do not use this place, and compare it with a copy",
      blob: key)
  }

  static func readDescriptor(
    on target: any Target
  ) async throws(ChunkStoreError) -> Descriptor {
    let bytes: [UInt8]
    do {
      bytes = try await target.get(.descriptor, range: 0..<4096)
    } catch  where error.code == .missing {
      throw ChunkStoreError(
        .noRepository,
        "\(target.name) holds no repository; check the place, or create one there",
        blob: .descriptor)
    }
    return try Descriptor(bytes)
  }

  // MARK: Index

  /// After a first look at all index blobs.
  func didLoadIndex() { isIndexLoaded.withLock { $0 = true } }

  /// Whether somebody may have asked the index, and rely on what it said.
  var isIndexInUse: Bool { isIndexLoaded.withLock { $0 } }

  package func loadIndexOnce() async throws(ChunkStoreError) {
    if !isIndexLoaded.withLock({ $0 }) { try await refresh() }
  }

  /// The index, after ``loadIndexOnce()``.
  var loadedIndex: any ChunkIndex {
    precondition(isIndexLoaded.withLock { $0 }, "the index is loaded before it is used")
    return index
  }

  func makeChunker() throws(ChunkStoreError) -> any Chunker {
    guard let key = access.chunkerKey else {
      throw .notPermitted("the key that opened \(target.name) can read it, and not write to it")
    }
    do {
      return try FastCDC(key: key, parameters: layout.chunker)
    } catch {
      throw .sealing(error)
    }
  }

  // MARK: Reading

  /// Lends a reader to `body`, on one of the library's own threads.
  package func withReader<Result>(
    _ body: (ChunkReader) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    let reader = readers.withLock { $0.popLast() } ?? ChunkReader(self)
    defer { readers.withLock { $0.append(reader) } }
    return try body(reader)
  }

  private func read<Result: Sendable>(
    _ body: @escaping @Sendable (ChunkReader) throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    try await loadIndexOnce()
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Result in
      try self.withReader(body)
    }
  }

  /// Reads a chunk and checks it against its id.
  ///
  /// - Throws: ``ChunkStoreError/Code/missing`` or ``ChunkStoreError/Code/damaged``.
  public func chunk(_ id: ChunkID) async throws(ChunkStoreError) -> Chunk {
    try await read { (reader) throws(ChunkStoreError) in
      try reader.withChunk(id) { (record) throws(ChunkStoreError) in
        Chunk(links: record.links, data: Array(record.data))
      }
    }
  }

  /// Whether a chunk is there.
  public func contains(_ id: ChunkID) async throws(ChunkStoreError) -> Bool {
    try await loadIndexOnce()
    return try index.place(of: id) != nil
  }

  /// Reads a range of a stream, fewer bytes if it ends before.
  ///
  /// O(log n) nodes and the chunks that the range touches.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` for more than 2 GiB, which belong in a writer.
  public func read(
    _ content: Content, in range: Range<UInt64>
  ) async throws(ChunkStoreError) -> [UInt8] {
    try await read { (reader) throws(ChunkStoreError) in
      try ContentReader(reader).bytes(of: content, in: range)
    }
  }

  /// Writes a stream, or a range of it, to a writer, in bounded memory; what is written has been
  /// checked.
  ///
  /// - Throws: ``ChunkStoreError/Code/host`` with the writer's error if that fails.
  public func read(
    _ content: Content, in range: Range<UInt64>? = nil, to writer: some ByteWriter & Sendable
  ) async throws(ChunkStoreError) {
    try await read { (reader) throws(ChunkStoreError) -> Void in
      var writer = writer
      try ContentReader(reader).write(content, in: range, to: &writer)
    }
  }

  /// Begins to write.
  ///
  /// Packs that an earlier session left behind without describing them in the index are read and
  /// used.
  public func startSession(
    _ options: SessionOptions = SessionOptions()
  ) async throws(ChunkStoreError) -> WriteSession {
    try await startSession(options, avoiding: [])
  }

  /// - Parameter avoided: packs whose chunks count as absent.
  func startSession(
    _ options: SessionOptions, avoiding avoided: Set<Digest>
  ) async throws(ChunkStoreError) -> WriteSession {
    guard capability != .reader else {
      throw .notPermitted("the key that opened \(target.name) can read it, and not write to it")
    }
    hasSessions.withLock { $0 = true }
    var opening = SessionOpening(try SessionID(for: keyring))
    try await carryOut(&opening)
    do {
      try await refresh()
      try await dropLostPacks(present: opening.present)
      let condemned = opening.condemned
      let core = try SessionCore(
        self, options: options, id: opening.session, avoiding: condemned.union(avoided))
      _ = try await adoptPacksOutsideIndex(but: condemned) {
        (pack, table) throws(ChunkStoreError) in
        try core.adopt(pack, table)
      }
      return WriteSession(core)
    } catch {
      // Nothing will come of this session; if even that cannot be said, a collector closes it.
      try? await board.put(.ended(opening.session))
      throw error
    }
  }

  /// Hands over each pack that no index blob describes, with its own table.
  ///
  /// - Parameter condemned: packs that are passed over. One that is both condemned and described
  ///   nowhere is needed by no root that can be whole: a collector has found that, or a repair has
  ///   taken what could be read of it elsewhere.
  /// - Returns: how many there are. A damaged one is counted and not handed over: what needs it
  ///   will be found missing.
  func adoptPacksOutsideIndex(
    but condemned: Set<Digest>,
    _ adopt: @escaping @Sendable (PackInfo, PackTable) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> Int {
    let unknown = try await packsOutsideIndex(but: condemned)
    // A writer cannot open them: what it needs of them it stores again.
    guard capability != .writer else { return unknown.count }
    let tail = PackTail(target: target, keys: packKeys)
    try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Void in
      for blob in unknown {
        guard let (pack, table) = try? tail.read(blob) else { continue }
        try adopt(pack, table)
      }
    }
    return unknown.count
  }

  /// The packs on the target that no index blob describes.
  func packsOutsideIndex(but condemned: Set<Digest>) async throws(ChunkStoreError) -> [BlobInfo] {
    var unknown: [BlobInfo] = []
    try await target.forEachBlob(BlobFolder.packs) { (blob) throws(ChunkStoreError) in
      guard let digest = blob.name.contentDigest else { return }
      if try !index.contains(digest), !condemned.contains(digest) { unknown.append(blob) }
    }
    return unknown
  }
}

/// Checks a small blob against the digest in its name.
func checkName(_ name: BlobName, of bytes: [UInt8]) throws(ChunkStoreError) {
  guard name.contentDigest == SHA256.hash(of: bytes.span.bytes) else {
    throw .damaged(name, "its bytes do not have the digest that names it")
  }
}

extension ContentReader {
  /// Writes a range of a stream; zeros for holes.
  func write(
    _ content: Content, in range: Range<UInt64>?, to writer: inout some ByteWriter
  ) throws(ChunkStoreError) {
    let range = (range ?? 0..<content.byteCount).clamped(to: 0..<content.byteCount)
    let zeros = [UInt8](repeating: 0, count: 64 << 10)
    try forEachLeaf(of: content, in: range) { (leaf) throws(ChunkStoreError) in
      let part = leaf.range.clamped(to: range)
      guard leaf.chunk != nil else {
        var left = part.upperBound - part.lowerBound
        while left > 0 {
          let count = Int(min(left, UInt64(zeros.count)))
          try write(zeros.span.bytes.extracting(0..<count), to: &writer)
          left -= UInt64(count)
        }
        return
      }
      try withBytes(of: leaf) { (bytes) throws(ChunkStoreError) in
        let start = Int(part.lowerBound - leaf.range.lowerBound)
        try write(bytes.bytes.extracting(start..<start + part.count), to: &writer)
      }
    }
  }

  private func write(
    _ bytes: RawSpan, to writer: inout some ByteWriter
  ) throws(ChunkStoreError) {
    do {
      try writer.write(bytes)
    } catch {
      throw .host(error)
    }
  }
}
