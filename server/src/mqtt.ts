export { type MqttIngestOptions, mqttIngest } from './ingest/mqtt-ingest.ts'
export type { MqttEvent, MqttMessage, MqttTopic } from './ingest/mqtt-message.ts'
