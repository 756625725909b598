#if SwiftLog
  public import CairnLog
  public import Logging

  /// Writes what loggers say into a log.
  ///
  /// Each message is an entry: with the logger's level as its severity, and as its fields the logger's
  /// `label`, the message's `source`, its `error` if there is one, and its metadata, by name. Numbers
  /// and truth values of metadata stay what they are; all else becomes text. Within `withEntry` of the
  /// log, the entry is under the one that was opened by it.
  ///
  /// Names of metadata are kept once for all of a log, and never forgotten: there should be some
  /// hundreds at most.
  ///
  /// A message waits for the log to be written now and then, as whoever appends does. What cannot be
  /// appended is lost, and told to `onFailure`.
  public struct CairnLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let log: Log
    private let label: String
    private let onFailure: @Sendable (LogError) -> Void

    /// - Parameters:
    ///   - log: open for writing.
    ///   - label: the logger's.
    ///   - logLevel: what is less is not logged.
    ///   - onFailure: is called by the thread that logs, and must not log.
    public init(
      _ log: Log, label: String, metadataProvider: Logger.MetadataProvider? = nil,
      logLevel: Logger.Level = .info, onFailure: @escaping @Sendable (LogError) -> Void = { _ in }
    ) {
      self.log = log
      self.label = label
      self.metadataProvider = metadataProvider
      self.logLevel = logLevel
      self.onFailure = onFailure
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
      let text = event.message.description
      let severity = Severity(event.level)
      do throws(LogError) {
        do throws(LogError) {
          try append(text, severity, fields(event))
        } catch {
          guard error.code == .invalid else { throw error }
          // Too long: what there is room for.
          let beginning = String(decoding: text.utf8.prefix(Self.longestText), as: UTF8.self)
          try append(beginning, severity, [LogField("label", .text(label))])
        }
      } catch {
        onFailure(error)
      }
    }

    /// Less than an entry may have, since half of a character at the end takes more when repaired.
    private static let longestText = 1 << 19

    private func append(
      _ text: String, _ severity: Severity, _ fields: [LogField]
    ) throws(LogError) {
      _ = try log.underCurrentEntry { (parent) throws(LogError) in
        try log.append(text, severity, under: parent, fields: fields)
      }
    }

    private func fields(_ event: LogEvent) -> [LogField] {
      var fields = [LogField("label", .text(label)), LogField("source", .text(event.source))]
      if let error = event.error { fields.append(LogField("error", .text("\(error)"))) }
      var all = metadata
      if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
      if let explicit = event.metadata { all.merge(explicit) { _, new in new } }
      for (name, value) in all.sorted(by: { $0.key < $1.key }) {
        fields.append(LogField(name, LogField.Value(value)))
      }
      return fields
    }
  }

  extension Severity {
    init(_ level: Logger.Level) {
      switch level {
      case .trace: self = .trace
      case .debug: self = .debug
      case .info: self = .info
      case .notice: self = .notice
      case .warning: self = .warning
      case .error: self = .error
      case .critical: self = .critical
      }
    }
  }

  extension LogField.Value {
    init(_ value: Logger.Metadata.Value) {
      switch value {
      case .string(let text): self = .text(text)
      case .stringConvertible(let value): self.init(value)
      default: self = .text("\(value)")
      }
    }

    private init(_ value: any CustomStringConvertible & Sendable) {
      if let truth = value as? Bool {
        self = .boolean(truth)
      } else if let number = value as? any BinaryInteger, let integer = Int64(exactly: number) {
        self = .integer(integer)
      } else if let number = value as? any BinaryFloatingPoint {
        self = .real(Double(number))
      } else {
        self = .text(value.description)
      }
    }
  }
#endif
