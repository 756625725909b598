#if Parity
  public import CairnChunks
  import CairnCore

  extension ParityTarget {
    /// The place with its parity, if it has been said to keep some.
    ///
    /// - Parameter prefixes: those with which ``keepParity(on:_:protecting:)`` was called.
    /// - Returns: `nil` if it has not.
    /// - Throws: `ChunkStoreError`: `.newerFormat`, and what the target throws.
    public static func open(
      on base: any Target, protecting prefixes: [String] = repositoryPrefixes
    ) async throws(ChunkStoreError) -> ParityTarget? {
      let bytes: [UInt8]
      do throws(ChunkStoreError) {
        let more = Int64(ParityOptions.byteCount) + 1
        bytes = try await base.get(ParityFolder.settings, range: 0..<more)
      } catch {
        guard error.code == .missing else { throw error }
        return nil
      }
      do throws(NewerParity) {
        // Damaged, they still say that there is parity; how much of it, each sidecar knows.
        return ParityTarget(base, try ParityOptions(bytes) ?? .standard, protecting: prefixes)
      } catch {
        throw ChunkStoreError(
          .newerFormat, "\(base.name) keeps parity of a newer version; use that one",
          blob: ParityFolder.settings)
      }
    }

    /// Says in the place itself that it keeps parity, so that ``open(on:protecting:)`` finds it. What is
    /// there already gets its parity by ``protect(_:progress:)``.
    ///
    /// A place that keeps parity already goes on as it does, whatever the options.
    public static func keepParity(
      on base: any Target, _ options: ParityOptions = .standard,
      protecting prefixes: [String] = repositoryPrefixes
    ) async throws(ChunkStoreError) -> ParityTarget {
      if let present = try await open(on: base, protecting: prefixes) { return present }
      try await base.put(ParityFolder.settings, BlobSource(options.bytes))
      return ParityTarget(base, options, protecting: prefixes)
    }
  }

  extension ParityOptions {
    private static let magic = Array("CAIRNPAS".utf8)
    static let byteCount = 32

    var bytes: [UInt8] {
      var writer = BinaryWriter(reserving: Self.byteCount)
      writer.append(Self.magic)
      writer.append(ParityLayout.version)
      writer.append(UInt8(dataShards))
      writer.append(UInt8(parityShards))
      writer.append(UInt32(shardSize))
      writer.append(UInt64(burst))
      writer.append(writer.bytes.withRawBytes { Checksum.of($0) })
      return writer.bytes
    }

    /// - Returns: `nil` if they are damaged.
    /// - Throws: ``NewerParity``.
    init?(_ bytes: [UInt8]) throws(NewerParity) {
      guard bytes.count == Self.byteCount else { return nil }
      let content = Self.byteCount - Checksum.byteCount
      let checksum = bytes.withRawBytes {
        Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<content]))
      }
      var reader = BinaryReader(bytes.span.bytes)
      let fields: (version: UInt16, data: UInt8, parity: UInt8, shard: UInt32, burst: UInt64)
      do throws(IOError) {
        guard Array(try reader.readBytes(Self.magic.count)) == Self.magic else { return nil }
        fields = (
          try reader.read(UInt16.self), try reader.readUInt8(), try reader.readUInt8(),
          try reader.read(UInt32.self), try reader.read(UInt64.self)
        )
        guard try reader.read(UInt64.self) == checksum else { return nil }
      } catch {
        return nil
      }
      guard fields.version <= ParityLayout.version else { throw NewerParity() }
      guard fields.version == ParityLayout.version, let burst = Int(exactly: fields.burst) else {
        return nil
      }
      self.init(
        dataShards: Int(fields.data), parityShards: Int(fields.parity),
        shardSize: Int(fields.shard), burst: burst)
    }
  }
#endif
