#if SFTP
  import CairnCore
  import Synchronization
  import SystemPackage

  #if canImport(Darwin)
    import Darwin
  #elseif canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// Carries requests to a peer and hands each answer to who waits for it, by its number.
  ///
  /// Any thread of our own may send, and blocks while the peer does not read. One thread receives;
  /// it waits for nobody but the peer, so a peer that writes is always read, and cannot be blocked
  /// by what we write. When the peer ends, breaks the protocol, or keeps silent for too long while
  /// it owes an answer, all who wait get the same error, and so do all who send afterwards.
  final class Channel: Sendable {
    struct State {
      var pending: [UInt32: PendingReply] = [:]
      /// Who waits for the first message of the server, which has no number.
      var version: PendingReply?
      /// Whether that message has come.
      var isEstablished = false
      var nextID: UInt32 = 0
      /// Nothing is written any more.
      var isOver = false
      /// What all get from then on.
      var failure: SFTPFailure?
      /// Nobody needs the channel any more.
      var isUnwanted = false
      /// The peer takes nothing more.
      var isDeaf = false
      /// When the peer was heard last, or began to owe an answer.
      var lastSign = ContinuousClock.now

      var owesAnswer: Bool { version != nil || !pending.isEmpty }
    }

    let peer: Peer
    let patience: Duration
    let state = Mutex(State())
    /// Held while a request is written, so that requests do not mix.
    let writing = Mutex(())

    /// How often a thread that waits looks whether the other has given up, in milliseconds.
    static let tick: CInt = 250

    /// - Parameter patience: How long the peer may keep silent while it owes an answer.
    init(_ peer: Peer, patience: Duration) {
      self.peer = peer
      self.patience = patience
      // The thread holds the channel until the peer has ended.
      ThreadPool.engines.submit { [self] in receive() }
    }

    /// Whether requests have a chance.
    var isOpen: Bool { state.withLock { !$0.isOver && !$0.isUnwanted && !$0.isDeaf } }

    /// Ends the connection soon; what is under way fails.
    func close() { state.withLock { $0.isUnwanted = true } }

    /// Says which version of the protocol is spoken; the answer is the server's.
    func initialize(version: UInt32) -> PendingReply {
      var packet = PacketWriter(Message.initialize)
      packet.append(version)
      return send(packet) { state, reply, _ in state.version = reply }
    }

    /// Sends a request.
    ///
    /// - Returns: The answer to come, or the reason why there is none.
    func send(_ request: PacketWriter) -> PendingReply {
      send(request) { state, reply, packet in
        // Numbers that are still in use are passed over, after four billion.
        while state.pending[state.nextID] != nil { state.nextID &+= 1 }
        packet.setID(state.nextID)
        state.pending[state.nextID] = reply
        state.nextID &+= 1
      }
    }

    private func send(
      _ packet: PacketWriter,
      register: (inout State, PendingReply, inout PacketWriter) -> Void
    ) -> PendingReply {
      let reply = PendingReply()
      var packet = packet
      writing.withLock { _ in
        let isOpen = state.withLock { state in
          if let failure = state.failure {
            reply.fulfil(.failure(failure))
            return false
          }
          if !state.owesAnswer { state.lastSign = .now }
          register(&state, reply, &packet)
          return !state.isOver
        }
        guard isOpen else { return }
        packet.finish()
        write(packet.bytes)
      }
      return reply
    }

    /// Writes as long as there is hope. What went wrong is for the receiving thread to find out.
    private func write(_ bytes: [UInt8]) {
      var offset = 0
      do throws(Errno) {
        while offset < bytes.count {
          let result = bytes.withRawBytes { memory in
            withoutBrokenPipe { write(peer.input, memory[offset...]) }
          }
          switch result {
          case .success(let count): offset += count
          case .failure(.wouldBlock), .failure(.resourceTemporarilyUnavailable):
            guard state.withLock({ !$0.isOver }) else { return }
            _ = try peer.input.isReady(for: .writing, within: Self.tick)
          case .failure(let error): throw error
          }
        }
      } catch {
        state.withLock { $0.isDeaf = true }
      }
    }

    private func withoutBrokenPipe(_ body: () -> Result<Int, Errno>) -> Result<Int, Errno> {
      do throws(Errno) {
        return .success(
          try withoutBrokenPipeSignal { () throws(Errno) -> Int in try body().get() })
      } catch {
        return .failure(error)
      }
    }

    private func write(
      _ file: FileDescriptor, _ bytes: Slice<UnsafeRawBufferPointer>
    ) -> Result<Int, Errno> {
      let memory = UnsafeRawBufferPointer(rebasing: bytes)
      do throws(Errno) {
        return .success(
          try retryOnInterrupt { Libc.write(file.rawValue, memory.baseAddress, memory.count) })
      } catch {
        return .failure(error)
      }
    }
  }

  /// Named apart, since methods shadow C functions of the same name.
  enum Libc {
    static func write(_ file: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
      #if canImport(Darwin)
        Darwin.write(file, bytes, count)
      #elseif canImport(Glibc)
        Glibc.write(file, bytes, count)
      #elseif canImport(Musl)
        Musl.write(file, bytes, count)
      #endif
    }

    static func read(_ file: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      #if canImport(Darwin)
        Darwin.read(file, bytes, count)
      #elseif canImport(Glibc)
        Glibc.read(file, bytes, count)
      #elseif canImport(Musl)
        Musl.read(file, bytes, count)
      #endif
    }

    /// Waits until one of the files can be read or has ended, or the time is over.
    static func waitForInput(_ files: [FileDescriptor?], milliseconds: CInt) {
      // Negative descriptors are passed over.
      var requests = files.map {
        pollfd(fd: $0?.rawValue ?? -1, events: CShort(POLLIN), revents: 0)
      }
      _ = poll(&requests, nfds_t(requests.count), milliseconds)
    }
  }
#endif
