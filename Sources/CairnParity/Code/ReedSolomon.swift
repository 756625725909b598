#if Parity
  import CISAL

  /// A systematic Reed-Solomon code over GF(2^8), by ISA-L.
  ///
  /// The field is that of the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D). With k data shards, parity
  /// shard p is the sum over j of `d_j / ((k + p) xor j)`: a Cauchy matrix, of which every square part
  /// can be inverted, so any lost data shards are computed from as many parity shards (J. Blömer et
  /// al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995). A data shard that is not there counts
  /// as zeros.
  struct ReedSolomon: Sendable {
    let dataShards: Int
    let parityShards: Int
    /// A row for each parity shard, a column for each data shard.
    private let coefficients: [UInt8]
    /// The same as ISA-L multiplies with them.
    private let tables: [UInt8]

    /// - Precondition: each number is 1 or more, and they are 255 at most together.
    init(dataShards: Int, parityShards: Int) {
      precondition(dataShards > 0 && parityShards > 0 && dataShards + parityShards <= 255)
      self.dataShards = dataShards
      self.parityShards = parityShards
      // ISA-L puts the rows of the data, an identity, before those of parity.
      var matrix = [UInt8](repeating: 0, count: (dataShards + parityShards) * dataShards)
      gf_gen_cauchy1_matrix(&matrix, CInt(dataShards + parityShards), CInt(dataShards))
      coefficients = Array(matrix[(dataShards * dataShards)...])
      tables = Self.tables(of: coefficients, rows: parityShards, columns: dataShards)
    }

    private static func tables(of matrix: [UInt8], rows: Int, columns: Int) -> [UInt8] {
      let bytesPerCoefficient = 32
      var matrix = matrix
      var tables = [UInt8](repeating: 0, count: bytesPerCoefficient * rows * columns)
      ec_init_tables(CInt(columns), CInt(rows), &matrix, &tables)
      return tables
    }

    /// Adds what a data shard contributes to the parity shards, which begin as zeros.
    ///
    /// - Parameters:
    ///   - data: some bytes of the shard of number `position`.
    ///   - parity: where the same bytes of the first parity shard are; those of the next follow
    ///     `stride` bytes behind, and so on.
    func add(
      _ data: UnsafeRawBufferPointer, at position: Int, to parity: UnsafeMutableRawPointer,
      stride: Int
    ) {
      precondition(position < dataShards)
      guard let start = data.baseAddress else { return }
      withUnsafeTemporaryAllocation(
        of: UnsafeMutablePointer<UInt8>?.self, capacity: parityShards
      ) { outputs in
        for number in 0..<parityShards {
          outputs.initializeElement(
            at: number, to: (parity + number * stride).assumingMemoryBound(to: UInt8.self))
        }
        tables.withUnsafeBufferPointer { tables in
          // ISA-L reads the tables and the data, though it does not declare so.
          ec_encode_data_update(
            CInt(data.count), CInt(dataShards), CInt(parityShards), CInt(position),
            UnsafeMutablePointer(mutating: tables.baseAddress),
            UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self)),
            outputs.baseAddress)
        }
      }
    }

    /// How to compute some data shards of a stripe from all its others and some parity shards.
    struct Recovery: Equatable {
      /// The data shards to compute.
      let lost: [Int]
      /// As many parity shards, which are sound.
      let parity: [Int]
      /// The data shards that are sound; those in neither list are zeros.
      let sound: [Int]
      fileprivate let tables: [UInt8]
    }

    /// - Returns: `nil` if the matrix cannot be inverted, which does not happen.
    func recovery(of lost: [Int], by parity: [Int], sound: [Int]) -> Recovery? {
      precondition(lost.count == parity.count && !lost.isEmpty)
      let count = lost.count
      var square = parity.flatMap { row in lost.map { coefficient(row, $0) } }
      var inverse = [UInt8](repeating: 0, count: count * count)
      guard gf_invert_matrix(&square, &inverse, CInt(count)) == 0 else { return nil }
      // A row for each lost shard: inverse * (parity - what the sound data contribute to it).
      var matrix: [UInt8] = []
      for row in 0..<count {
        let factors = inverse[row * count..<(row + 1) * count]
        for position in sound {
          matrix.append(
            zip(factors, parity).reduce(0) { $0 ^ gf_mul($1.0, coefficient($1.1, position)) })
        }
        matrix += factors
      }
      return Recovery(
        lost: lost, parity: parity, sound: sound,
        tables: Self.tables(of: matrix, rows: count, columns: sound.count + count))
    }

    private func coefficient(_ parity: Int, _ position: Int) -> UInt8 {
      coefficients[parity * dataShards + position]
    }
  }

  extension ReedSolomon.Recovery {
    /// Computes the lost shards of a stripe.
    ///
    /// - Parameters:
    ///   - size: the bytes of each shard.
    ///   - data: the place of a data shard of the stripe; those of the lost ones are written to.
    ///   - shard: the place of a parity shard.
    func run(
      size: Int, data: (Int) -> UnsafeMutableRawPointer,
      parity shard: (Int) -> UnsafeRawPointer
    ) {
      typealias Pointer = UnsafeMutablePointer<UInt8>?
      let sources = sound.count + parity.count
      withUnsafeTemporaryAllocation(of: Pointer.self, capacity: sources + lost.count) { pointers in
        for (number, position) in (sound + lost).enumerated() {
          // The outputs come behind the parity shards.
          pointers.initializeElement(
            at: number < sound.count ? number : number + parity.count,
            to: data(position).assumingMemoryBound(to: UInt8.self))
        }
        for (number, row) in parity.enumerated() {
          pointers.initializeElement(
            at: sound.count + number,
            to: UnsafeMutablePointer(mutating: shard(row).assumingMemoryBound(to: UInt8.self)))
        }
        tables.withUnsafeBufferPointer { tables in
          ec_encode_data(
            CInt(size), CInt(sources), CInt(lost.count),
            UnsafeMutablePointer(mutating: tables.baseAddress), pointers.baseAddress,
            pointers.baseAddress.map { $0 + sources })
        }
      }
    }
  }
#endif
