"""Brokers and clusters of them on loopback, for tests and benches: mosquitto, NATS, RabbitMQ."""
