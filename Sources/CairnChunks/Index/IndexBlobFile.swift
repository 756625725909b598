import CairnCore
import CairnCrypto
import SystemPackage

/// An index blob that grows in a temporary file, so that its length does not matter to memory.
struct IndexBlobFile: ~Copyable {
  private var sealing: SealingWriter<SpoolWriter>
  private let signature: BlobSignature?

  /// - Parameter keyring: signs it, and says for whom it is sealed.
  init(
    in spool: SpooledFile, _ keyring: Keyring, replacing replaced: [Digest]
  ) throws(ChunkStoreError) {
    var head = BinaryWriter()
    IndexBlob.encodeHead(replacing: replaced, into: &head)
    let signature = try keyring.beginSignature(.index)
    sealing = try Self.begin(in: spool, for: keyring.indexRecipient, head.bytes, signature)
    self.signature = signature
  }

  private static func begin(
    in spool: SpooledFile, for recipient: any Recipient, _ head: [UInt8],
    _ signature: BlobSignature?
  ) throws(ChunkStoreError) -> SealingWriter<SpoolWriter> {
    do {
      var sealing = try SealingWriter(SpoolWriter(spool), recipients: [recipient])
      if let signature {
        let front = signature.head
        try sealing.write(front.span.bytes)
        signature.update(head.span.bytes)
      }
      try sealing.write(head.span.bytes)
      return sealing
    } catch {
      throw failure(error)
    }
  }

  mutating func append(_ pack: PackInfo, table: [UInt8]) throws(ChunkStoreError) {
    var writer = BinaryWriter(reserving: table.count + 64)
    IndexBlob.encode(pack, table: table, into: &writer)
    signature?.update(writer.bytes.span.bytes)
    do {
      try sealing.write(writer.bytes.span.bytes)
    } catch {
      throw Self.failure(error)
    }
  }

  consuming func finish() throws(ChunkStoreError) -> (name: BlobName, source: BlobSource) {
    let file: SpoolWriter
    do {
      if let end = try signature?.finish() { try sealing.write(end.span.bytes) }
      file = try sealing.finish()
    } catch {
      throw Self.failure(error)
    }
    return (.index(file.digest), BlobSource(file.spool, byteCount: file.byteCount))
  }

  @inline(never)
  private static func failure(_ error: CryptoError) -> ChunkStoreError {
    ChunkStoreError(.targetFailed, "cannot write a part of the index: \(error)")
  }
}

/// Appends to a temporary file, and says what the digest of its bytes is.
final class SpoolWriter: ByteWriter {
  let spool: SpooledFile
  private(set) var byteCount: Int64 = 0
  private var hash = SHA256()

  init(_ spool: SpooledFile) {
    self.spool = spool
  }

  /// Of all that was written; called once.
  var digest: Digest { hash.finalize() }

  func write(_ bytes: RawSpan) throws(IOError) {
    hash.update(bytes)
    do throws(Errno) {
      try bytes.withUnsafeBytes { (bytes) throws(Errno) in
        try spool.file.writeFully(at: byteCount, bytes)
      }
    } catch {
      throw .systemCall("write", "a temporary file", error)
    }
    byteCount += Int64(bytes.byteCount)
  }
}
