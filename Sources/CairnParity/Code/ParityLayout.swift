#if Parity
  import CairnCore

  /// Where the shards of a blob and of its parity are.
  ///
  /// The blob is cut into shards, and these into columns of ``stripes`` shards each. The first shards of
  /// all columns are the data of the first stripe, and so on: neighbours belong to different stripes.
  /// The parity shards are kept in the same way, a column for each.
  struct ParityLayout: Hashable, Sendable {
    let dataShards: Int
    let parityShards: Int
    let shardSize: Int
    /// The bytes of the blob.
    let blobSize: Int
    let stripes: Int

    static let alignment = 64
    /// Packs are smaller than that; mending holds a blob in memory.
    static let largestBlob: Int64 = 2 << 30
    static let largestSidecar = 1 << 30

    /// - Returns: `nil` if the blob or what would be kept of it is too large.
    init?(of blobSize: Int64, _ options: ParityOptions) {
      guard (0...Self.largestBlob).contains(blobSize) else { return nil }
      let size = Int(blobSize)
      let shardSize = min(options.shardSize, max(size, 1).roundedUp(to: Self.alignment))
      let shards = size.divided(by: shardSize)
      // A run of that length begins somewhere in a shard.
      let touched = options.burst > 0 ? options.burst.divided(by: shardSize) + 1 : 0
      let stripes = max(
        shards.divided(by: options.dataShards),
        min(shards, touched.divided(by: options.parityShards)))
      self.init(
        dataShards: options.dataShards, parityShards: options.parityShards, shardSize: shardSize,
        blobSize: size, stripes: stripes)
    }

    /// - Returns: `nil` if it cannot be, or is too large.
    init?(dataShards: Int, parityShards: Int, shardSize: Int, blobSize: Int, stripes: Int) {
      self.dataShards = dataShards
      self.parityShards = parityShards
      self.shardSize = shardSize
      self.blobSize = blobSize
      self.stripes = stripes
      guard dataShards >= 1, parityShards >= 1, dataShards + parityShards <= 255,
        (Self.alignment...1 << 20).contains(shardSize), shardSize % Self.alignment == 0,
        (0...Int(Self.largestBlob)).contains(blobSize),
        stripes >= 0, stripes <= shards, shards <= stripes * dataShards,
        sidecarSize <= Self.largestSidecar
      else { return nil }
    }

    // MARK: Numbers

    /// The shards of the blob; the last is filled up with zeros.
    var shards: Int { blobSize.divided(by: shardSize) }
    var parityCount: Int { stripes * parityShards }
    /// The bytes of a column.
    var columnSize: Int { stripes * shardSize }

    func stripe(of shard: Int) -> Int { shard % stripes }
    func position(of shard: Int) -> Int { shard / stripes }
    func shard(_ stripe: Int, _ position: Int) -> Int { position * stripes + stripe }
    /// The data shards of a stripe that are not all zeros behind the blob's end.
    func positions(in stripe: Int) -> Int { (shards - stripe).divided(by: stripes) }

    // MARK: The sidecar

    static let headerSize = 40
    var tableSize: Int { (shards + parityCount) * Checksum.byteCount }
    var paritySize: Int { parityCount * shardSize }
    /// Header, table, parity, the table again, the header again.
    var sidecarSize: Int { 2 * (Self.headerSize + tableSize) + paritySize }
    var parityOffset: Int { Self.headerSize + tableSize }
    /// Where the two tables begin.
    var tableOffsets: [Int] { [Self.headerSize, parityOffset + paritySize] }

    static let magic = Array("CAIRNPAR".utf8)
    static let version: UInt16 = 1

    var header: [UInt8] {
      var writer = BinaryWriter(reserving: Self.headerSize)
      writer.append(Self.magic)
      writer.append(Self.version)
      writer.append(UInt8(dataShards))
      writer.append(UInt8(parityShards))
      writer.append(UInt32(shardSize))
      writer.append(UInt64(blobSize))
      writer.append(UInt64(stripes))
      writer.append(writer.bytes.withRawBytes { Checksum.of($0) })
      return writer.bytes
    }

    /// Reads a header.
    ///
    /// - Returns: `nil` if it is damaged, or not one.
    /// - Throws: ``NewerParity``.
    init?(header: [UInt8]) throws(NewerParity) {
      guard header.count == Self.headerSize else { return nil }
      let content = Self.headerSize - Checksum.byteCount
      let checksum = header.withRawBytes {
        Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<content]))
      }
      var reader = BinaryReader(header.span.bytes)
      let fields: (version: UInt16, data: UInt8, parity: UInt8, shard: UInt32, blob: UInt64, UInt64)
      do throws(IOError) {
        guard Array(try reader.readBytes(Self.magic.count)) == Self.magic else { return nil }
        fields = (
          try reader.read(UInt16.self), try reader.readUInt8(), try reader.readUInt8(),
          try reader.read(UInt32.self), try reader.read(UInt64.self), try reader.read(UInt64.self)
        )
        guard try reader.read(UInt64.self) == checksum else { return nil }
      } catch {
        return nil
      }
      guard fields.version <= Self.version else { throw NewerParity() }
      guard fields.version == Self.version, let blobSize = Int(exactly: fields.blob),
        let stripes = Int(exactly: fields.5), blobSize <= Self.largestBlob,
        stripes <= Self.largestBlob
      else { return nil }
      self.init(
        dataShards: Int(fields.data), parityShards: Int(fields.parity),
        shardSize: Int(fields.shard), blobSize: blobSize, stripes: stripes)
    }
  }

  /// What a newer version of the library has written.
  struct NewerParity: Error {}

  extension Int {
    /// The quotient, rounded up.
    func divided(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
    func roundedUp(to step: Int) -> Int { divided(by: step) * step }
  }
#endif
