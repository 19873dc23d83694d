"""DAGs of the pipeline's jobs from one factory; nothing here imports anything but Airflow."""
